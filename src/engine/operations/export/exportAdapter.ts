import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Exported, ExportRequest } from '../../../run/export';
import { openBaseModel } from '../../facts/baseModel';
import { readAdapterFolder } from '../../formats/adapterFolder';
import { makeFolders } from '../../formats/atomicFile';
import { outputIsAFolder } from '../../formats/failures';
import { floats } from '../../runtime/runtime';
import { attach } from '../attached';
import type { ExportSource } from './exportFormat';
import { exportBaseUnknown, exportFormatUnknown, exportOutputExists } from './failures';
import { exportFormats } from './formats';

/**
 * Writes an adapter for another program, whole or not at all: what is written is read again before it gets its name.
 * @throws Failure `export-format-unknown`, `export-output-exists`, `export-base-unknown`, those of the format, of opening
 *   base and adapter, and of writing
 */
export async function exportAdapter(request: ExportRequest): Promise<Exported> {
  const format = Object.hasOwn(exportFormats, request.format) ? exportFormats[request.format] : undefined;
  if (format === undefined) throw exportFormatUnknown(request.format, Object.keys(exportFormats));
  const { output, overwrite } = request;
  const found = await stat(output).catch(() => undefined);
  if (found?.isDirectory() === true) throw outputIsAFolder(output);
  if (found !== undefined && !overwrite) throw exportOutputExists(output);
  const source = await openSource(request);
  await makeFolders(path.dirname(output));
  const draft = path.join(path.dirname(output), `.${path.basename(output)}.exporting.${process.pid}`);
  try {
    const notes = await format.write(source, draft, output);
    await rename(draft, output);
    return { output, bytes: (await stat(output)).size, notes };
  } finally {
    await rm(draft, { force: true });
  }
}

async function openSource({ adapter: folder, baseModel }: ExportRequest): Promise<ExportSource> {
  const { config } = await readAdapterFolder(folder);
  const reference = baseModel ?? config.base_model_name_or_path;
  if (reference === null || reference === '') throw exportBaseUnknown(folder);
  const base = await openBaseModel(reference, process.cwd());
  const { adapter, tensors } = await attach(base, folder, 1);
  const values = new Map(adapter.trainables.map(({ name }) => [name, floats(tensors, name)]));
  return { name: path.basename(folder), folder, config, base, adapter, values };
}
