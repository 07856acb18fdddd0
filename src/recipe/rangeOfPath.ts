import type { TextRange } from './problem';
import { nodeAt, parseText } from './syntax';

/**
 * Where a dotted path such as `lora.target_modules[1]` lies in a recipe's text: its value, else the nearest parent that
 * is there, else the start of the text.
 */
export function rangeOfPath(text: string, path: string): TextRange {
  const { root, index } = parseText(text);
  if (root === undefined || path === '') return index.range(0, 0);
  const segments = [...path.matchAll(/[^.[\]]+|\[(\d+)\]/g)].map(([name, number]) =>
    number === undefined ? name : Number(number),
  );
  const node = nodeAt(root, segments);
  return index.range(node.offset, node.length);
}
