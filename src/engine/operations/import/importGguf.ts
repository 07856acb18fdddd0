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
import { checkAdapterOutput } from '../adapterOutput';
import { adapterMisfit } from '../failures';
import { writeImported } from './importedFolder';

/**
 * Writes an adapter of llama.cpp's as a PEFT adapter folder: layers under Hugging Face's names and with their rows in Hugging
 * Face's order, numbers unchanged (those of a quantized file in single precision).
 * @throws Failure `export-output-exists`, `export-output-taken`, `gguf-adapter-needs-base`, `adapter-misfit`, those of
 *   `readGgufAdapter`, `openBaseModel` and `writeAdapterFolder`
 */
export async function importGguf(request: ImportRequest): Promise<Imported> {
  const adapter = readGgufAdapter(request.from);
  await checkAdapterOutput(request, [{ place: request.from, what: 'the adapter' }]);
  const named = request.baseModel ?? adapter.baseModel;
  const { base, why } = await baseOf(adapter, request.baseModel);
  if (base !== undefined) checkFits(adapter, base, request.baseModel);
  return writeImported(request.output, {
    origin: 'made as GGUF for llama.cpp',
    config: configOf(adapter, named),
    tensors: tensorsOf(adapter, base),
    modules: adapter.modules.length,
    notes: notesOf(adapter, named, base, why),
  });
}

/** The base model; or else why it is not known, where nothing of it must be. */
interface FoundBase {
  readonly base: BaseModel | undefined;
  /** Half a sentence. */
  readonly why?: string;
}

/** @param given what the person who imports it says; else the one that the file names is looked for */
async function baseOf({ file, modules, baseModel }: GgufAdapter, given: string | null): Promise<FoundBase> {
  const named = given ?? baseModel;
  const mustBeKnown = modules.some(({ heads }) => heads !== undefined);
  if (named === null) {
    if (mustBeKnown) throw ggufAdapterNeedsBase(file);
    return { base: undefined };
  }
  try {
    return { base: await openBaseModel(named, process.cwd()) };
  } catch (error) {
    if (mustBeKnown || !(error instanceof Failure)) throw error;
    if (notThere.has(error.code)) return { base: undefined, why: 'is not on this computer' };
    // Nobody asked for a look at what the file merely names.
    if (given !== null) throw error;
    return { base: undefined, why: `cannot be opened (${error.message.replace(/\.$/, '')})` };
  }
}

const notThere = new Set(['model-missing', 'model-not-in-hub-cache']);

/** @throws Failure `adapter-misfit` */
function checkFits(adapter: GgufAdapter, { model }: BaseModel, given: string | null): void {
  const { file, architecture, modules } = adapter;
  // Held against the model that it names itself, it has nothing better to name.
  const other = given === null || given === adapter.baseModel ? null : adapter.baseModel;
  const misfit = (detail: string): Failure => adapterMisfit(file, detail, other, 'The file');
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

function notesOf(
  { modules }: GgufAdapter,
  named: string | null,
  base: BaseModel | undefined,
  why: string | undefined,
): readonly string[] {
  const fits = `All ${modules.length} layers are in ${named}, with the same sizes.`;
  if (named === null) return ['It does not say which base model it was trained on: give it with --base-model.'];
  if (base === undefined) return [`${named} ${why}, so nobody has looked whether the layers fit.`];
  if (!isGguf(base.folder.path)) return [fits];
  return [
    fits,
    'It works on the Hugging Face folder of the same model as well: names and order of rows are the same there.',
  ];
}
