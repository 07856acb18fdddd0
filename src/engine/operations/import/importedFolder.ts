import path from 'node:path';
import type { Imported } from '../../../run/export';
import type { AdapterConfig } from '../../formats/adapterConfig';
import { writeAdapterFolder } from '../../formats/adapterFolder';
import { renderImportedCard } from '../../formats/importedCard';
import type { TensorToWrite } from '../../formats/safetensors';
import { folderBytes } from '../folderBytes';

/** An adapter of another program's, said as PEFT would say it. */
export interface ImportedAdapter {
  /** Where it comes from, such as `trained with mlx-lm`. */
  readonly origin: string;
  readonly config: AdapterConfig;
  readonly tensors: readonly TensorToWrite[];
  readonly modules: number;
  readonly notes: readonly string[];
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
  return { output, bytes: await folderBytes(output), modules, notes };
}
