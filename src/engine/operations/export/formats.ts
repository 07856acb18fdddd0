import type { ListedFormat } from '../../../run/export';
import type { ExportFormat } from './exportFormat';
import { ggufAdapterFormat } from './ggufAdapter';
import { ggufModelFormat } from './ggufModel';
import { mlxFormat } from './mlx';
import { ollamaFormat } from './ollama';
import { onnxFormat } from './onnx';
import { transformersFormat } from './transformers';

/** Everything that `lora export` writes, by name. */
export const exportFormats: Readonly<Record<string, ExportFormat>> = {
  'gguf-adapter': ggufAdapterFormat,
  gguf: ggufModelFormat('F16'),
  'gguf-q8_0': ggufModelFormat('Q8_0'),
  'gguf-f32': ggufModelFormat('F32'),
  mlx: mlxFormat,
  ollama: ollamaFormat,
  onnx: onnxFormat,
  transformers: transformersFormat,
};

/** The formats as people choose them. */
export function listExportFormats(): readonly ListedFormat[] {
  return Object.entries(exportFormats).map(([name, { purpose, isFolder, ending }]) => ({
    name,
    purpose,
    isFolder,
    ending,
  }));
}
