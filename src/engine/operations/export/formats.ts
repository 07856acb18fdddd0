import type { ListedFormat } from '../../../run/export';
import type { ExportFormat } from './exportFormat';
import { mlxFormat } from './mlx';
import { ollamaFormat } from './ollama';
import { transformersFormat } from './transformers';

/** Everything that `lora export` writes, by name. */
export const exportFormats: Readonly<Record<string, ExportFormat>> = {
  mlx: mlxFormat,
  ollama: ollamaFormat,
  transformers: transformersFormat,
};

/** The formats as people choose them. */
export function listExportFormats(): readonly ListedFormat[] {
  return Object.entries(exportFormats).map(([name, { purpose, isFolder }]) => ({ name, purpose, isFolder }));
}
