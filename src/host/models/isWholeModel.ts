import { stat } from 'node:fs/promises';
import path from 'node:path';

/** Whether a folder holds a model of its own, as a run of the method "full" writes, and no adapter. */
export async function isWholeModel(folder: string): Promise<boolean> {
  const isThere = (name: string): Promise<boolean> =>
    stat(path.join(folder, name)).then(
      () => true,
      () => false,
    );
  return (await isThere('config.json')) && !(await isThere('adapter_config.json'));
}
