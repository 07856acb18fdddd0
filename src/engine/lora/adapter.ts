import type { Model } from '../models/model';
import { alphaInvalid, rankInvalid, rankTooLarge, targetTied } from './failures';
import type { AdaptableModule } from './matching';
import { matchTargets } from './matching';
import { lastName, namedModules } from './moduleTree';
import { biasTensors, savedModules, savedTensors } from './saved';
import type { Adapter, LoraOptions, LoraTarget, Origin, PatternValue, Trainable } from './types';

export type * from './types';

/**
 * Finds the modules that an adapter changes, by the rules of PEFT 0.21, and the tensors that are trained.
 * @param origin `stored` for the options of an adapter folder, which may hold what a recipe may not
 * @throws Failure where an entry matches nothing or what cannot be adapted, or a rank does not fit
 */
export function planAdapter(model: Model, options: LoraOptions, origin: Origin = 'recipe'): Adapter {
  checkNumbers(options);
  const matching = matchTargets(model, options, origin);
  const targets = matching.modules.map((module) => target(module, options));
  if (origin === 'recipe') {
    for (const { path } of matching.modules) refuseTied(model, path, matching.placeOf(path));
    for (const target of targets) refuseLargeRank(target, options);
  }
  const saved = savedModules(model, options.modulesToSave, targets, origin);
  const biases = biasTensors(model, options.bias, targets, saved);
  return {
    method: 'lora',
    targets,
    matches: matching.matches,
    unused: [
      ...matching.unusedExcludes.map((entry) => ({ key: 'exclude_modules' as const, entry })),
      ...unusedPatterns('rank_pattern', options.rankPattern, targets),
      ...unusedPatterns('alpha_pattern', options.alphaPattern, targets),
    ],
    modulesToSave: saved,
    trainableBiases: biases.map(({ name }) => name),
    dropout: options.loraDropout,
    initLoraWeights: options.initLoraWeights,
    trainables: [...targets.flatMap(loraTensors), ...savedTensors(model, saved), ...biases],
  };
}

/** Method `full`: every weight of the model is trained, tied weights as one. */
export function planFull(model: Model): Adapter {
  return {
    method: 'full',
    targets: [],
    matches: [],
    unused: [],
    modulesToSave: [],
    trainableBiases: [],
    dropout: 0,
    initLoraWeights: true,
    trainables: [...model.parameters].map(([name, shape]) => ({ name, shape, role: 'full', baseWeight: name })),
  };
}

/** The adapted modules for a plan; `params` counts A and B. */
export function describeTargets(
  adapter: Adapter,
): { readonly name: string; readonly in: number; readonly out: number; readonly r: number; readonly params: number }[] {
  return adapter.targets.map(({ path, inFeatures, outFeatures, r }) => ({
    name: path,
    in: inFeatures,
    out: outFeatures,
    r,
    params: r * (inFeatures + outFeatures),
  }));
}

/**
 * The list of names for `target_modules` in adapter_config.json: the recipe's own list, or for a pattern and
 * `all-linear` the names of the adapted modules, as PEFT itself writes for `all-linear`. (A pattern would also be
 * tried on modules that only PyTorch's model has, such as `act_fn`, and PEFT refuses to load where it matches one.)
 */
export function targetModulesOf(model: Model, adapter: Adapter, options: LoraOptions): readonly string[] {
  const { targetModules } = options;
  if (targetModules === undefined) return model.defaultTargets;
  if (typeof targetModules !== 'string' && !('pattern' in targetModules)) return targetModules;
  return namesOfTargets(model, adapter.targets);
}

/** The shortest list of names for `target_modules` that means these layers and no others. */
export function namesOfTargets(model: Model, targets: readonly LoraTarget[]): readonly string[] {
  const adapted = new Set(targets.map(({ path }) => path));
  const others = namedModules(model.modules).filter(({ path }) => !adapted.has(path));
  const takenNames = new Set(others.map(({ path }) => lastName(path)));
  return [...new Set([...adapted].map((path) => (takenNames.has(lastName(path)) ? path : lastName(path))))];
}

function target(module: AdaptableModule, options: LoraOptions): LoraTarget {
  const { path, kind } = module;
  const [inFeatures, outFeatures] =
    kind === 'embedding' ? [module.rows, module.features] : [module.inFeatures, module.outFeatures];
  const r = firstMatch(options.rankPattern, path)?.value ?? options.r;
  const alpha = firstMatch(options.alphaPattern, path)?.value ?? options.loraAlpha;
  const scaling = alpha / (options.useRslora ? Math.sqrt(r) : r);
  return { path, kind, r, alpha, scaling, inFeatures, outFeatures, fanInFanOut: kind === 'conv1d' };
}

function loraTensors(target: LoraTarget): Trainable[] {
  const { path, r, inFeatures, outFeatures } = target;
  const [a, b] =
    target.kind === 'embedding' ? (['lora_embedding_A', 'lora_embedding_B'] as const) : (['lora_A', 'lora_B'] as const);
  const ending = target.kind === 'embedding' ? '' : '.weight';
  return [
    { name: `${path}.${a}${ending}`, shape: [r, inFeatures], role: a, target },
    { name: `${path}.${b}${ending}`, shape: [outFeatures, r], role: b, target },
  ];
}

function checkNumbers(options: LoraOptions): void {
  const checkRank = (rank: number, place: string): void => {
    if (!Number.isSafeInteger(rank) || rank < 1) throw rankInvalid(rank, place);
  };
  const checkAlpha = (alpha: number, place: string): void => {
    if (!Number.isFinite(alpha) || alpha <= 0) throw alphaInvalid(alpha, place);
  };
  checkRank(options.r, placeOfRank(undefined));
  for (const pattern of options.rankPattern) checkRank(pattern.value, placeOfRank(pattern));
  checkAlpha(options.loraAlpha, 'lora.lora_alpha');
  for (const { pattern, value } of options.alphaPattern) checkAlpha(value, `lora.alpha_pattern.${pattern}`);
}

function placeOfRank(pattern: PatternValue | undefined): string {
  return pattern === undefined ? 'lora.r' : `lora.rank_pattern.${pattern.pattern}`;
}

function firstMatch(patterns: readonly PatternValue[], path: string): PatternValue | undefined {
  return patterns.find(({ regex }) => regex.test(path));
}

function unusedPatterns<K extends string>(
  key: K,
  patterns: readonly PatternValue[],
  targets: readonly LoraTarget[],
): { key: K; entry: string }[] {
  return patterns
    .filter(({ regex }) => !targets.some(({ path }) => regex.test(path)))
    .map(({ pattern }) => ({ key, entry: pattern }));
}

/** Beyond its smaller side a layer has no further rank to learn with. */
function refuseLargeRank({ r, path, inFeatures, outFeatures }: LoraTarget, options: LoraOptions): void {
  if (r <= Math.min(inFeatures, outFeatures)) return;
  throw rankTooLarge(r, path, inFeatures, outFeatures, placeOfRank(firstMatch(options.rankPattern, path)));
}

/** An adapter on one of two modules that share a weight works only until it is merged (peft#2018). */
function refuseTied(model: Model, path: string, place: string): void {
  for (const [alias, weight] of model.tied) {
    const [one, other] = [alias, weight].map((name) => name.slice(0, name.lastIndexOf('.')));
    if (path === one) throw targetTied(path, other!, place);
    if (path === other) throw targetTied(path, one!, place);
  }
}
