import type { ModelFacts, ModuleFacts } from './facts';

/** Last part of a path: `q_proj` of `model.layers.0.self_attn.q_proj`. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** PEFT's reading of a name in a list: the whole path or a dotted ending of it. */
export function isNamedBy(path: string, name: string): boolean {
  return path === name || path.endsWith(`.${name}`);
}

/** Of each model once: every check of names goes through them, with every keystroke. */
const knownPaths = new WeakMap<ModelFacts, readonly string[]>();

/** The paths of all modules and of the groups that they lie in, in the order of `named_modules()`. */
export function pathsOf(model: ModelFacts): readonly string[] {
  const known = knownPaths.get(model) ?? allPaths(model);
  knownPaths.set(model, known);
  return known;
}

function allPaths({ modules }: ModelFacts): readonly string[] {
  const paths = new Set<string>();
  for (const { path } of modules) {
    const parts = path.split('.');
    for (let depth = 1; depth <= parts.length; depth++) paths.add(parts.slice(0, depth).join('.'));
  }
  return [...paths];
}

/** The modules that are `path` or lie in it. */
export function modulesIn(modules: readonly ModuleFacts[], path: string): readonly ModuleFacts[] {
  return modules.filter((module) => module.path === path || module.path.startsWith(`${path}.`));
}

/** Last names with how many modules have them, in the order in which they come first. */
export function countLastNames(modules: readonly ModuleFacts[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of modules) counts.set(lastName(path), (counts.get(lastName(path)) ?? 0) + 1);
  return counts;
}

/** `q_proj (6), lm_head`: the layers that people can name. */
export function namesWithCounts(modules: readonly ModuleFacts[]): string {
  return [...countLastNames(modules)].map(([name, count]) => (count === 1 ? name : `${name} (${count})`)).join(', ');
}
