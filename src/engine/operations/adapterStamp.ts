import { stat } from 'node:fs/promises';
import path from 'node:path';

/** What an adapter is made of. */
const parts = ['adapter_config.json', 'adapter_model.safetensors'];

/** Differs once the adapter in a folder was trained anew: by times and sizes of its files. What is missing is told by whoever reads it. */
export async function adapterStamp(folder: string): Promise<string> {
  const stamps = parts.map(async (name) => {
    const found = await stat(path.join(folder, name)).catch(() => undefined);
    return found === undefined ? '' : `${found.mtimeMs} ${found.size}`;
  });
  return (await Promise.all(stamps)).join('\n');
}
