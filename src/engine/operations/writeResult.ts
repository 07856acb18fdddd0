import { readdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { adapterReplacement, lossCurveName, writeAdapterFolder } from '../formats/adapterFolder';
import { checkFolderWritable } from '../formats/atomicFile';
import { adapterConfigDefaults } from '../formats/adapterConfig';
import type { AdapterConfig } from '../formats/adapterConfig';
import { renderLossCurve } from '../formats/lossCurve';
import type { Losses } from '../formats/lossCurve';
import { renderModelCard } from '../formats/modelCard';
import type { CardValue } from '../formats/modelCard';
import { isGguf, modelReplacement, tokenizerFilesOf, tokenizerJsonOf, writeModelFolder } from '../formats/modelFolder';
import type { TensorToWrite } from '../formats/safetensors';
import { readWeight } from '../facts/baseModel';
import type { BaseModel } from '../facts/baseModel';
import { targetModulesOf } from '../lora/adapter';
import type { Adapter, LoraOptions } from '../lora/adapter';
import { changesBase } from '../lora/initialize';
import { toPlainLora } from '../lora/plainLora';
import type { Plan } from '../../run/plan';
import type { Prepared } from './prepare';

/** What was learnt, and how it went. */
export interface Result {
  readonly trained: ReadonlyMap<string, Float32Array>;
  readonly initial: ReadonlyMap<string, Float32Array>;
  readonly steps: number;
  readonly loss: number | undefined;
  readonly evalLoss: number | undefined;
  readonly datasetHash: string | null;
  readonly losses: Losses;
}

/** Finds out before training whether the output folder can be written. Throws a Failure. */
export async function checkOutput(prepared: Prepared, folder: string): Promise<void> {
  await checkFolderWritable(folder, prepared.adapter.method === 'full' ? modelReplacement : adapterReplacement);
}

/** Whether the output folder holds a result. */
export async function isWritten({ adapter }: Prepared, folder: string): Promise<boolean> {
  const entries = await readdir(folder).catch((): string[] => []);
  const expected =
    adapter.method === 'full'
      ? ['config.json', 'model.safetensors']
      : ['adapter_config.json', 'adapter_model.safetensors'];
  return expected.every((name) => entries.includes(name));
}

/** Writes the adapter folder in PEFT's layout, or for method `full` the whole model. */
export async function writeResult(prepared: Prepared, plan: Plan, result: Result, folder: string): Promise<void> {
  if (prepared.adapter.method === 'full') {
    await writeModel(prepared, result, folder);
    return;
  }
  const { adapter, lora } = prepared;
  const plain = changesBase(adapter) ? toPlainLora(adapter, lora, result.trained, result.initial) : undefined;
  const tensors =
    plain === undefined
      ? adapter.trainables.map(({ name, shape }) => ({ name, shape, data: result.trained.get(name)! }))
      : [...plain.tensors].map(([name, tensor]) => ({ name, ...tensor }));
  const lossCurve = renderLossCurve(result.losses);
  const curve = lossCurve === undefined ? undefined : lossCurveName;
  await writeAdapterFolder(folder, {
    config: adapterConfig(prepared, plain?.options ?? lora),
    tensors: [...tensors, ...(await adaptedEmbeddings(prepared.base, adapter))],
    modelCard: modelCard(prepared, plan, result, curve),
    lossCurve,
  });
}

/** As PEFT does, the base weights of an embedding or head that is adapted lie in the adapter's file as well. */
export async function adaptedEmbeddings(base: BaseModel, adapter: Pick<Adapter, 'targets'>): Promise<TensorToWrite[]> {
  const embeddings = adapter.targets.filter(({ path }) => /(^|\.)(embed_tokens|lm_head)$/.test(path));
  return Promise.all(
    embeddings.map(async ({ path }) => {
      const name = `${path}.weight`;
      const shape = base.model.parameters.get(name) ?? base.model.parameters.get(base.model.tied.get(name) ?? name);
      return { name, shape: shape ?? [], data: await readWeight(base, name) };
    }),
  );
}

async function writeModel({ base }: Prepared, { trained }: Result, folder: string): Promise<void> {
  const tensors: TensorToWrite[] = [];
  for (const [name, shape] of base.model.parameters) {
    tensors.push({ name, shape, data: trained.get(name) ?? (await readWeight(base, name)) });
  }
  const { config, generationConfig, path } = base.folder;
  await writeModelFolder(folder, {
    // The weights are written as singles, whatever the file they came from stored.
    config: { ...config, ...('dtype' in config ? { dtype: 'float32' } : { torch_dtype: 'float32' }) },
    ...(generationConfig === undefined ? {} : { generationConfig }),
    tensors,
    copyFrom: await tokenizerFilesOf(path),
    json: tokenizerJsonOf(base.folder),
  });
}

function adapterConfig({ base, adapter, loaded }: Prepared, options: LoraOptions): AdapterConfig {
  const { recipe } = loaded;
  const values = (patterns: LoraOptions['rankPattern']): Record<string, number> =>
    Object.fromEntries(patterns.map(({ pattern, value }) => [pattern, value]));
  const excluded = recipe.lora.exclude_modules;
  return {
    ...adapterConfigDefaults,
    task_type: recipe.task_type,
    base_model_name_or_path: recipe.base_model,
    r: options.r,
    lora_alpha: options.loraAlpha,
    lora_dropout: options.loraDropout,
    target_modules: targetModulesOf(base.model, adapter, options),
    exclude_modules: excluded.length === 0 ? null : excluded,
    bias: options.bias,
    fan_in_fan_out: adapter.targets.some(({ fanInFanOut }) => fanInFanOut),
    use_rslora: options.useRslora,
    init_lora_weights: options.initLoraWeights,
    layers_to_transform: options.layersToTransform,
    rank_pattern: values(options.rankPattern),
    alpha_pattern: values(options.alphaPattern),
    modules_to_save: options.modulesToSave.length === 0 ? null : options.modulesToSave,
  };
}

function modelCard(prepared: Prepared, plan: Plan, result: Result, curve: string | undefined): string {
  const { loaded, base, adapter, train, evaluation } = prepared;
  const { recipe } = loaded;
  const { training, lora } = recipe;
  const hyperParameters: Record<string, CardValue> = {
    r: lora.r,
    lora_alpha: lora.lora_alpha,
    lora_dropout: lora.lora_dropout,
    target_modules: targetModulesOf(base.model, adapter, prepared.lora),
    learning_rate: training.learning_rate,
    lr_scheduler_type: training.lr_scheduler_type,
    per_device_train_batch_size: training.per_device_train_batch_size,
    gradient_accumulation_steps: training.gradient_accumulation_steps,
    max_length: plan.compute.max_length,
    packing: recipe.dataset.packing,
    weight_decay: training.weight_decay,
    max_grad_norm: training.max_grad_norm,
    seed: training.seed,
  };
  return renderModelCard({
    name: recipe.name,
    baseModel: recipe.base_model,
    // In the place where the recipe's relative path leads (a GGUF file may lie in it); else from the hub's cache.
    isBaseModelRelative:
      !isAbsolute(recipe.base_model) &&
      [base.folder.path, dirname(base.folder.path)].includes(resolve(dirname(loaded.file), recipe.base_model)),
    ...(isGguf(base.folder.path) && !isGguf(recipe.base_model) ? { ggufName: basename(base.folder.path) } : {}),
    taskType: recipe.task_type,
    rank: Math.max(...adapter.targets.map(({ r }) => r)) * (changesBase(adapter) ? 2 : 1),
    holdsWeights: adapter.trainables.some(({ baseWeight }) => baseWeight !== undefined),
    parameters: { trainable: plan.adapter.trainable_params, all: plan.adapter.all_params },
    data: {
      path: recipe.dataset.path,
      format: train.format,
      rows: plan.data.rows,
      ...(result.datasetHash === null ? {} : { sha256: result.datasetHash }),
      ...(evaluation === undefined ? {} : { evalRows: evaluation.rowCount }),
    },
    hyperParameters,
    result: { steps: result.steps, loss: result.loss, evalLoss: result.evalLoss },
    recipe: loaded.text,
    curve,
  });
}
