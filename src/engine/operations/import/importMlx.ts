import type { Imported, ImportRequest } from '../../../run/export';
import { adapterConfigDefaults } from '../../formats/adapterConfig';
import type { AdapterConfig } from '../../formats/adapterConfig';
import { readMlxAdapter } from '../../formats/mlxAdapter';
import type { MlxAdapter } from '../../formats/mlxAdapter';
import type { TensorToWrite } from '../../formats/safetensors';
import { transposed } from '../../lora/transposed';
import { checkAdapterOutput } from '../adapterOutput';
import { writeImported } from './importedFolder';

/**
 * Writes an adapter of mlx-lm as a PEFT adapter folder, its numbers unchanged.
 * @throws Failure `export-output-exists`, `export-output-taken`, those of `readMlxAdapter` and `writeAdapterFolder`
 */
export async function importMlx(request: ImportRequest): Promise<Imported> {
  const adapter = await readMlxAdapter(request.from);
  await checkAdapterOutput(request, [{ place: request.from, what: 'the adapter' }]);
  const config = configOf(adapter, request.baseModel);
  return writeImported(request.output, {
    origin: 'trained with mlx-lm',
    config,
    tensors: tensorsOf(adapter),
    modules: adapter.modules.size,
    notes: notesOf(config),
  });
}

function configOf({ rank, scale, dropout, model, modules }: MlxAdapter, baseModel: string | null): AdapterConfig {
  const paths = [...modules.keys()].map(peftPath);
  return {
    ...adapterConfigDefaults,
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel ?? model,
    r: rank,
    lora_alpha: scale * rank,
    lora_dropout: dropout,
    // Whole paths, because without the base model nobody knows which layers a shorter name would match as well.
    target_modules: paths,
    fan_in_fan_out: paths.some((name) => name.startsWith('transformer.')),
  };
}

function peftPath(name: string): string {
  return name.replace(/^model\.(?=h\.\d+\.|wte$|wpe$)/, 'transformer.');
}

function isEmbedding(name: string): boolean {
  return /(^|\.)(embed_tokens|wte|wpe)$/.test(name);
}

function tensorsOf({ rank, modules }: MlxAdapter): TensorToWrite[] {
  return [...modules].flatMap(([name, { inFeatures, outFeatures, a, b }]) => {
    const at = peftPath(name);
    const [nameA, nameB] = isEmbedding(at)
      ? ['lora_embedding_A', 'lora_embedding_B']
      : ['lora_A.weight', 'lora_B.weight'];
    return [
      { name: `${at}.${nameA}`, shape: [rank, inFeatures], data: transposed(a, inFeatures, rank) },
      { name: `${at}.${nameB}`, shape: [outFeatures, rank], data: transposed(b, rank, outFeatures) },
    ];
  });
}

function notesOf({ base_model_name_or_path: base }: AdapterConfig): readonly string[] {
  if (base === null) return ['It does not say which base model it was trained on: give it with --base-model.'];
  const isQuantized = /(?:^|[-_/])(?:\d+-?bit|mxfp4|q\d)(?:$|[-_/])/i.test(base);
  if (!isQuantized) return [];
  return [
    `It was trained on "${base}", whose weights are quantized; on the model that it was made from, answers differ a little.`,
  ];
}
