import type { JsonPath } from '../../recipe/schema';
import { exactNode, parseText, plainValue } from '../../recipe/syntax';

/** What a recipe's text says of what computes; undefined where it says nothing. */
export interface RecipeEngine {
  readonly device: string | undefined;
  readonly runtime: string | undefined;
  readonly quantization: string | undefined;
}

/** Reads a recipe that may be half written: what cannot be read is not said. */
export function recipeEngine(text: string): RecipeEngine {
  const { root } = parseText(text);
  const said = (key: string): string | undefined => {
    const path: JsonPath = ['engine', key];
    const node = root === undefined ? undefined : exactNode(root, path);
    const value = node === undefined ? undefined : plainValue(node);
    return typeof value === 'string' ? value : undefined;
  };
  return { device: said('device'), runtime: said('runtime'), quantization: said('quantization') };
}
