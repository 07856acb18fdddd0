import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Imported, ImportRequest } from '../../../run/export';
import { fileUnreadable } from '../../formats/failures';
import { isGguf } from '../../formats/modelFolder';
import { importGguf } from './importGguf';
import { importMlx } from './importMlx';
import { importSourceUnknown } from './failures';

/**
 * Makes a PEFT adapter folder of another program's adapter: of llama.cpp's a file (or a folder with nothing but one), of
 * mlx-lm's a folder.
 * @throws Failure `import-source-unknown`, those of `importGguf` and `importMlx`
 */
export async function importAdapter(request: ImportRequest): Promise<Imported> {
  const { from } = request;
  const found = await stat(from).catch(() => undefined);
  if (found === undefined) throw importSourceUnknown(from, 'there is nothing');
  if (!found.isDirectory()) {
    if (!isGguf(from)) throw importSourceUnknown(from, 'the file is no .gguf');
    return importGguf(request);
  }
  const entries = await readdir(from).catch((error: unknown) => {
    throw fileUnreadable(from, error);
  });
  if (entries.includes('adapter_model.safetensors')) throw importSourceUnknown(from, "it has PEFT's layout already");
  const [file, ...further] = entries.filter(isGguf);
  if (file !== undefined && !entries.includes('adapters.safetensors')) {
    if (further.length > 0) throw importSourceUnknown(from, `it holds ${1 + further.length} .gguf files`);
    return importGguf({ ...request, from: path.join(from, file) });
  }
  return importMlx(request);
}
