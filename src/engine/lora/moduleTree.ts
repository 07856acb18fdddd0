import type { Module } from '../models/model';

/** A name of PyTorch's `named_modules()`; a group of modules has no weights of its own. */
export interface NamedModule {
  readonly path: string;
  /** Undefined for a group, such as `model.layers.0.self_attn`. */
  readonly module: Module | undefined;
}

/**
 * The modules and the groups they lie in, in the order of `named_modules()`. Modules without weights (activations,
 * rotary tables) are not there.
 */
export function namedModules(modules: readonly Module[]): NamedModule[] {
  const named = new Map<string, NamedModule>();
  for (const module of modules) {
    const parts = module.path.split('.');
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('.');
      if (!named.has(path)) named.set(path, { path, module: undefined });
    }
    named.set(module.path, { path: module.path, module });
  }
  return [...named.values()];
}

/** The modules that are `path` or lie in it. */
export function modulesIn(modules: readonly Module[], path: string): Module[] {
  return modules.filter((module) => module.path === path || module.path.startsWith(`${path}.`));
}

/** Is `path` a list of numbered blocks? */
export function isBlockList(modules: readonly Module[], path: string): boolean {
  const inside = modulesIn(modules, path);
  return inside.length > 0 && inside.every((module) => /^\.\d+\./.test(module.path.slice(path.length)));
}

/** Last part of a path: `q_proj` of `model.layers.0.self_attn.q_proj`. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** PEFT's reading of a name in a list: the whole path or a dotted ending of it. */
export function isNamedBy(path: string, name: string): boolean {
  return path === name || path.endsWith(`.${name}`);
}

/** Last names with how many modules have them, in the order in which they come first. */
export function countLastNames(modules: readonly Module[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of modules) counts.set(lastName(path), (counts.get(lastName(path)) ?? 0) + 1);
  return counts;
}

/** Can it carry an adapter? */
export function isAdaptable(
  module: Module | undefined,
): module is Extract<Module, { kind: 'linear' | 'conv1d' | 'embedding' }> {
  return module !== undefined && (module.kind === 'linear' || module.kind === 'conv1d' || module.kind === 'embedding');
}
