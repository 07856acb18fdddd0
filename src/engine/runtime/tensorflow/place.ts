import { existsSync } from 'node:fs';
import path from 'node:path';
import { userCacheFolder } from '../../formats/userCache';

/** Where `lora setup tensorflow` puts TensorFlow and the binding that it builds: a folder of its own. */
export function tensorflowFolder(): string {
  return path.join(userCacheFolder(), 'tensorflow');
}

export const bindingName = 'tfjs_binding.node';

/** The file of the binding, where TensorFlow is set up. */
export function builtBinding(folder = tensorflowFolder()): string | undefined {
  const file = path.join(folder, bindingName);
  return existsSync(file) ? file : undefined;
}
