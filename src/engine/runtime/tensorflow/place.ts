import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { recoverFolder } from '../../formats/atomicFile';
import { userCacheFolder } from '../../formats/userCache';

/** Where `lora setup tensorflow` puts TensorFlow and the binding that it builds: a folder of its own. */
export function tensorflowFolder(): string {
  return path.join(userCacheFolder(), 'tensorflow');
}

export const bindingName = 'tfjs_binding.node';
/** What is noted beside it. */
export const noteName = 'setup.json';

/** The file of the binding, where TensorFlow is set up. */
export function builtBinding(folder = tensorflowFolder()): string | undefined {
  const file = path.join(folder, bindingName);
  return existsSync(file) ? file : undefined;
}

/** What TensorFlow was set up for; undefined where it is not. A set-up killed in its last moment is finished first. */
export async function builtVariant(folder = tensorflowFolder()): Promise<'cpu' | 'gpu' | undefined> {
  if (builtBinding(folder) === undefined) await recoverFolder(folder).catch(() => undefined);
  if (builtBinding(folder) === undefined) return undefined;
  try {
    const { variant } = JSON.parse(readFileSync(path.join(folder, noteName), 'utf8')) as { variant?: unknown };
    return variant === 'gpu' ? 'gpu' : 'cpu';
  } catch {
    return 'cpu';
  }
}
