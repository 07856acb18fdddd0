import { recipeSchema, type JsonValue } from '../schema';
import { toolNames, type Tool } from './conversion';
import { isTable } from './source';
import type { Translation, Written } from './translation';

export type RecipeReader = 'command line' | 'editor';

export interface RecipeTextOptions {
  readonly tool: Tool;
  readonly fileName?: string;
  readonly readIn: RecipeReader;
}

const width = 100;

/** The recipe's text, in the schema's order: beside each value where it comes from, below all what was left out. */
export function recipeText(translation: Translation, { tool, fileName, readIn }: RecipeTextOptions): string {
  const { written, dropped } = translation;
  const source = fileName === undefined ? toolNames[tool] : `${toolNames[tool]}: ${fileName}`;
  const next =
    readIn === 'editor'
      ? 'Train Adapter, the triangle above, runs it.'
      : '`lora check` finds mistakes in it, `lora plan` says what it costs.';
  const lines = [`// Converted from ${oneLine(source)}.`, `// ${next}`, '{'];
  for (const [key, property] of Object.entries(recipeSchema.properties ?? {})) {
    const inner = Object.keys(property.properties ?? {}).filter((name) => written.has(`${key}.${name}`));
    const own = written.get(key);
    if (own !== undefined) lines.push(...entry('  ', key, own));
    if (inner.length === 0) continue;
    lines.push(`  ${JSON.stringify(key)}: {`);
    for (const name of inner) lines.push(...entry('    ', name, written.get(`${key}.${name}`)!));
    lines.push('  },');
  }
  lines.push('}');
  if (dropped.length > 0) lines.push('', '// Not taken over:');
  for (const { key, value, why, instead } of dropped) {
    const [first = '', ...more] = comment(
      '',
      `- ${key}: ${shortValue(value)}. ${why}${instead === undefined ? '' : ` ${instead}`}`,
    );
    lines.push(first, ...more.map((line) => line.replace('//', '//  ')));
  }
  return `${lines.join('\n')}\n`;
}

/** A line with the comment behind it, or above it when that would be too long. */
function entry(indent: string, key: string, { value, comments }: Written): readonly string[] {
  const line = `${indent}${JSON.stringify(key)}: ${spaced(value)},`;
  const words = comments.join('; ');
  if (words === '') return [line];
  const whole = `${line} // ${oneLine(words)}`;
  return whole.length <= width ? [whole] : [...comment(indent, words), line];
}

function spaced(value: JsonValue): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(spaced).join(', ')}]`;
  if (!isTable(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${spaced(inner)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** A value in a few characters, for people. */
export function shortValue(value: JsonValue): string {
  const text = typeof value === 'string' ? value : spaced(value);
  return oneLine(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

/** Nothing that a setting holds may end the comment. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\u2028\u2029\t]+/g, ' ');
}

function comment(indent: string, text: string): readonly string[] {
  const lines: string[] = [];
  let line = `${indent}//`;
  for (const word of oneLine(text).split(' ')) {
    if (line.length + 1 + word.length > width && line.trim() !== '//') {
      lines.push(line);
      line = `${indent}//`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
