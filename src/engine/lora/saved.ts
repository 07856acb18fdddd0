import type { Model, Module } from '../models/model';
import { moduleParameters } from '../models/model';
import type { LoraTarget, Origin, Trainable } from './types';
import { savedAndAdapted, savedIsBlockList, savedNotFound } from './failures';
import { isBlockList, modulesIn, namedModules } from './moduleTree';

/**
 * The modules that `modules_to_save` trains in full: PEFT takes every module or group whose path ends with an entry,
 * also in the middle of a word (`head` is `lm_head`). Of nested ones only the outermost stays.
 * Throws a Failure for an entry of a recipe that names nothing, and for a module that gets an adapter as well.
 */
export function savedModules(
  model: Model,
  entries: readonly string[],
  targets: readonly LoraTarget[],
  origin: Origin,
): string[] {
  const named = namedModules(model.modules);
  const saved = new Set<string>();
  entries.forEach((entry, i) => {
    const place = `lora.modules_to_save[${i}]`;
    const found = named.filter(({ path }) => path.endsWith(entry));
    if (found.length === 0 && origin === 'recipe') throw savedNotFound(model, entry, place);
    for (const { path, module } of found) {
      if (module === undefined && isBlockList(model.modules, path)) throw savedIsBlockList(entry, path, place);
      const adapted = targets.find((target) => target.path === path || target.path.startsWith(`${path}.`));
      if (adapted !== undefined) throw savedAndAdapted(entry, adapted.path, place);
      saved.add(path);
    }
  });
  const paths = named.map(({ path }) => path).filter((path) => saved.has(path));
  return paths.filter((path) => !paths.some((outer) => path.startsWith(`${outer}.`)));
}

/** The tensors of saved modules; one that was tied to another becomes a weight of its own, as PEFT's copy does. */
export function savedTensors(model: Model, paths: readonly string[]): Trainable[] {
  const modules = paths.flatMap((path) => modulesIn(model.modules, path));
  return modules.flatMap(moduleParameters).map(([name, shape]) => ({
    name,
    shape,
    role: 'saved',
    baseWeight: model.tied.get(name) ?? name,
  }));
}

/** The biases that `bias` trains beside the adapter; those of saved modules are there already. */
export function biasTensors(
  model: Model,
  bias: 'none' | 'all' | 'lora_only',
  targets: readonly LoraTarget[],
  saved: readonly string[],
): Trainable[] {
  const isSaved = new Set(saved.flatMap((path) => modulesIn(model.modules, path)).map(({ path }) => path));
  const isTarget = new Set(targets.map(({ path }) => path));
  const isWanted = ({ path }: Module): boolean =>
    bias !== 'none' && !isSaved.has(path) && (bias === 'all' || isTarget.has(path));
  return model.modules
    .filter(isWanted)
    .flatMap(moduleParameters)
    .filter(([name]) => name.endsWith('.bias'))
    .map(([name, shape]) => ({ name, shape, role: 'bias', baseWeight: name }));
}
