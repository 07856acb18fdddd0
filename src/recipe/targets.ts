import type { RecipeDraft } from './draft';
import type { ModelFacts, ModuleFacts, PatternFacts, PatternKey } from './facts';
import { isNamedBy, pathsOf } from './moduleNames';
import type { JsonPath } from './schema';

/** One entry of `target_modules`, or all of it where it is one text or left out. */
export interface TargetEntry {
  readonly path: JsonPath;
  readonly name: string;
  /** Paths of modules and groups that the name or pattern matches. */
  readonly matched: readonly string[];
  /** Of those the ones in the layers that `layers_to_transform` leaves. */
  readonly chosen: readonly string[];
}

/** What a recipe adapts of a model. */
export interface Targets {
  readonly entries: readonly TargetEntry[];
  /** In the order of the model's modules, those that cannot carry an adapter included. */
  readonly adapted: readonly {
    readonly path: string;
    readonly module: ModuleFacts | undefined;
    readonly entry: TargetEntry;
  }[];
  isExcluded(path: string): boolean;
  isSaved(path: string): boolean;
}

/**
 * The modules that PEFT would adapt (`check_target_module_exists`): exclusion first, then modules to save, then the
 * targets. Undefined while a pattern has not been tried, or could not be. The engine's `lora/matching` says the same.
 */
export function targetsOf({ lora }: RecipeDraft, model: ModelFacts, patterns: PatternFacts): Targets | undefined {
  const paths = pathsOf(model);
  const entries = entriesOf(lora ?? {}, model, patterns, paths);
  const { exclude_modules: exclude = [], modules_to_save: saved = [] } = lora ?? {};
  const excluded = typeof exclude === 'string' ? matchesOf(patterns, 'exclude_modules', exclude) : exclude;
  if (entries === undefined || excluded === undefined) return undefined;
  const isExcluded =
    typeof exclude === 'string'
      ? (path: string) => excluded.includes(path)
      : (path: string) => excluded.some((name) => isNamedBy(path, name));
  const isSaved = (path: string): boolean => saved.some((name) => `.${path}.`.includes(`.${name}.`));
  const modules = new Map(model.modules.map((module) => [module.path, module]));
  const adapted = paths.flatMap((path) => {
    const entry = isExcluded(path) || isSaved(path) ? undefined : entries.find(({ chosen }) => chosen.includes(path));
    return entry === undefined ? [] : [{ path, module: modules.get(path), entry }];
  });
  return { entries, adapted, isExcluded, isSaved };
}

/** The paths that a regular expression of the recipe matches; undefined: nobody has tried, or it takes too long. */
export function matchesOf({ matches }: PatternFacts, key: PatternKey, pattern: string): readonly string[] | undefined {
  const found = matches.find((match) => match.key === key && match.pattern === pattern)?.paths;
  return found === 'too-slow' ? undefined : found;
}

/** The value of the first entry of `rank_pattern` or `alpha_pattern` that matches a module. */
export function patternFor(
  lora: RecipeDraft['lora'],
  key: 'rank_pattern' | 'alpha_pattern',
  patterns: PatternFacts,
  path: string,
): { readonly pattern: string; readonly value: number } | undefined {
  for (const [pattern, value] of Object.entries(lora?.[key] ?? {})) {
    if (matchesOf(patterns, key, pattern)?.includes(path) === true) return { pattern, value };
  }
  return undefined;
}

function entriesOf(
  lora: NonNullable<RecipeDraft['lora']>,
  model: ModelFacts,
  patterns: PatternFacts,
  paths: readonly string[],
): readonly TargetEntry[] | undefined {
  const whole = ['lora', 'target_modules'];
  const targets = lora.target_modules ?? undefined;
  if (targets === 'all-linear') {
    const matched = model.modules.filter(({ kind, path }) => /^(linear|conv1d)$/.test(kind) && path !== model.head);
    const linear = matched.map(({ path }) => path);
    return [{ path: whole, name: targets, matched: linear, chosen: linear }];
  }
  if (typeof targets === 'string') {
    const matched = matchesOf(patterns, 'target_modules', targets);
    return matched && [{ path: whole, name: targets, matched, chosen: matched }];
  }
  const names = targets ?? model.defaultTargets;
  const isInLayers = layerFilter(lora.layers_to_transform ?? null);
  return names.map((name, at) => {
    const matched = paths.filter((path) => isNamedBy(path, name));
    const chosen = matched.filter((path) => names.includes(path) || isInLayers(path));
    return { path: targets === undefined ? whole : [...whole, at], name, matched, chosen };
  });
}

/** PEFT reads the first number behind a dot: `.*?\.[^.]*\.(\d+)\.` */
function layerFilter(layers: readonly number[] | number | null): (path: string) => boolean {
  const wanted = typeof layers === 'number' ? [layers] : (layers ?? []);
  if (wanted.length === 0) return () => true;
  return (path) => {
    const block = /^.*?\.[^.]*\.(\d+)\./.exec(path);
    return block !== null && wanted.includes(Number(block[1]));
  };
}
