import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Imported, ImportRequest } from '../../../run/export';
import type { AdapterConfig } from '../../formats/adapterConfig';
import { writeAdapterFolder } from '../../formats/adapterFolder';
import { renderImportedCard } from '../../formats/importedCard';
import type { TensorToWrite } from '../../formats/safetensors';
import { exportOutputExists, exportOutputTaken } from '../export/failures';
import { overlap } from '../overlap';

/** An adapter of another program's, said as PEFT would say it. */
export interface ImportedAdapter {
  /** Where it comes from, such as `trained with mlx-lm`. */
  readonly origin: string;
  readonly config: AdapterConfig;
  readonly tensors: readonly TensorToWrite[];
  readonly modules: number;
  readonly notes: readonly string[];
}

/** @throws Failure `export-output-exists`, `export-output-taken` */
export async function checkOutput({ from, output, overwrite }: ImportRequest): Promise<void> {
  if (await overlap(output, from)) throw exportOutputTaken(output, 'the adapter');
  const entries = await readdir(output).catch((): string[] => []);
  if (entries.length > 0 && !overwrite) throw exportOutputExists(output);
}

/** Writes the folder with its card. @throws Failure as `writeAdapterFolder` */
export async function writeImported(
  output: string,
  { origin, config, tensors, modules, notes }: ImportedAdapter,
): Promise<Imported> {
  await writeAdapterFolder(output, {
    config,
    tensors,
    modelCard: renderImportedCard({
      name: path.basename(output),
      baseModel: config.base_model_name_or_path,
      origin,
      modules,
    }),
  });
  const names = await readdir(output);
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(output, name))).size));
  return { output, bytes: sizes.reduce((sum, size) => sum + size, 0), modules, notes };
}
