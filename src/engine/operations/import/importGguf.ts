import type { Imported, ImportRequest } from '../../../run/export';
import { Failure } from '../../../failure/failure';
import { openBaseModel } from '../../facts/baseModel';
import type { BaseModel } from '../../facts/baseModel';
import { adapterConfigDefaults } from '../../formats/adapterConfig';
import type { AdapterConfig } from '../../formats/adapterConfig';
import { plainDtype, readGgufAdapter, readGgufAdapterModule } from '../../formats/gguf/adapterFile';
import type { GgufAdapter, GgufAdapterModule } from '../../formats/gguf/adapterFile';
import { ggufAdapterNeedsBase } from '../../formats/gguf/failures';
import { architectureName } from '../../formats/gguf/toGguf';
import { isGguf } from '../../formats/modelFolder';
import type { TensorToWrite } from '../../formats/safetensors';
import { adapterMisfit } from '../failures';
import { checkOutput, writeImported } from './importedFolder';

/**
 * Writes an adapter of llama.cpp's as a PEFT adapter folder: layers under Hugging Face's names and with their rows in Hugging
 * Face's order, numbers unchanged (those of a quantized file in single precision).
 * @throws Failure `export-output-exists`, `export-output-taken`, `gguf-adapter-needs-base`, `adapter-misfit`, those of
 *   `readGgufAdapter`, `openBaseModel` and `writeAdapterFolder`
 */
export async function importGguf(request: ImportRequest): Promise<Imported> {
  const adapter = readGgufAdapter(request.from);
  await checkOutput(request);
  const named = request.baseModel ?? adapter.baseModel;
  const base = await baseOf(adapter, named);
  if (base !== undefined) checkFits(adapter, base, named);
  return writeImported(request.output, {
    origin: 'made as GGUF for llama.cpp',
    config: configOf(adapter, named),
    tensors: tensorsOf(adapter, base),
    modules: adapter.modules.length,
    notes: notesOf(adapter, named, base),
  });
}

/** The base model, where it is on this computer; undefined where it is not and nothing of it must be known. */
async function baseOf({ file, modules }: GgufAdapter, named: string | null): Promise<BaseModel | undefined> {
  const mustBeKnown = modules.some(({ heads }) => heads !== undefined);
  if (named === null) {
    if (mustBeKnown) throw ggufAdapterNeedsBase(file);
    return undefined;
  }
  try {
    return await openBaseModel(named, process.cwd());
  } catch (error) {
    if (mustBeKnown || !(error instanceof Failure) || !notThere.has(error.code)) throw error;
    return undefined;
  }
}

const notThere = new Set(['model-missing', 'model-not-in-hub-cache']);

/** @throws Failure `adapter-misfit` */
function checkFits({ file, architecture, modules }: GgufAdapter, { model }: BaseModel, named: string | null): void {
  const misfit = (detail: string): Failure => adapterMisfit(file, detail, named);
  const own = architectureName(model.modelType);
  if (own !== architecture) throw misfit(`it is for models of the kind "${architecture}", and this one is "${own}"`);
  for (const { path, inFeatures, outFeatures } of modules) {
    const module = model.modules.find((candidate) => candidate.path === path);
    if (module === undefined || (module.kind !== 'linear' && module.kind !== 'conv1d')) {
      throw misfit(`it has no layer ${path}`);
    }
    if (module.inFeatures !== inFeatures || module.outFeatures !== outFeatures) {
      const sizes = `${inFeatures} inputs and ${outFeatures} outputs instead of ${module.inFeatures} and ${module.outFeatures}`;
      throw misfit(`${path} has ${sizes}`);
    }
  }
}

function configOf({ alpha, architecture, modules }: GgufAdapter, baseModel: string | null): AdapterConfig {
  const r = usualRank(modules);
  const others = modules.filter((module) => module.r !== r).map((module) => [module.path, module.r] as const);
  return {
    ...adapterConfigDefaults,
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r,
    // With a strength of 0 llama.cpp adds lora_b · lora_a as it is.
    lora_alpha: alpha === 0 ? r : alpha,
    // Whole paths, because without the base model nobody knows which layers a shorter name would match as well.
    target_modules: modules.map(({ path }) => path),
    rank_pattern: Object.fromEntries(others),
    alpha_pattern: alpha === 0 ? Object.fromEntries(others) : {},
    fan_in_fan_out: architecture === 'gpt2',
  };
}

/** The rank of most layers. */
function usualRank(modules: readonly GgufAdapterModule[]): number {
  const counts = new Map<number, number>();
  for (const { r } of modules) counts.set(r, (counts.get(r) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]![0];
}

function tensorsOf({ file, modules }: GgufAdapter, base: BaseModel | undefined): TensorToWrite[] {
  const numbers = base?.model.numbers;
  const heads = numbers === undefined ? undefined : { query: numbers.heads, key: numbers.kvHeads };
  return modules.flatMap((module) => {
    const { path, r, inFeatures, outFeatures, a, b } = module;
    const { A, B } = readGgufAdapterModule(file, module, heads);
    return [
      { name: `${path}.lora_A.weight`, shape: [r, inFeatures], data: A, dtype: plainDtype(a.type) },
      { name: `${path}.lora_B.weight`, shape: [outFeatures, r], data: B, dtype: plainDtype(b.type) },
    ];
  });
}

function notesOf({ modules }: GgufAdapter, named: string | null, base: BaseModel | undefined): readonly string[] {
  const fits = `All ${modules.length} layers are in ${named}, with the same sizes.`;
  if (named === null) return ['It does not say which base model it was trained on: give it with --base-model.'];
  if (base === undefined) return [`${named} is not on this computer, so nobody has looked whether the layers fit.`];
  if (!isGguf(base.folder.path)) return [fits];
  return [
    fits,
    'It works on the Hugging Face folder of the same model as well: names and order of rows are the same there.',
  ];
}
