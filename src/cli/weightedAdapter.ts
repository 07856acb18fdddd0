import path from 'node:path';
import type { WeightedAdapter } from '../run/answers';

/**
 * Reads `DIR[:weight]`. A colon that no number follows belongs to the path, as does that of a Windows drive letter and
 * one in a folder that is really called like this (`isFolder`). Without a weight it is 1.
 */
export function parseWeightedAdapter(
  text: string,
  around: { readonly cwd: string; readonly isWindows: boolean; readonly isFolder: (path: string) => boolean },
): WeightedAdapter {
  const rules = around.isWindows ? path.win32 : path.posix;
  const match = /^(.+):([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.exec(text);
  const whole = { folder: rules.resolve(around.cwd, text), weight: 1 };
  if (match === null || around.isFolder(whole.folder)) return whole;
  const [, folder, weight] = match;
  const isDrive = around.isWindows && /^[a-z]$/i.test(folder!);
  return isDrive ? whole : { folder: rules.resolve(around.cwd, folder!), weight: Number(weight) };
}
