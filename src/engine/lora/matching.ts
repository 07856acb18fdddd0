import type { Failure } from '../../failure/failure';
import type { Model } from '../models/model';
import {
  layerOutOfRange,
  layersNeedTargetList,
  targetExcluded,
  targetIsGroup,
  targetIsNorm,
  targetNotFound,
  targetOutsideLayers,
  targetsAllSaved,
  targetsMissing,
} from './failures';
import type { NamedModule } from './moduleTree';
import { isAdaptable, isNamedBy, modulesIn, namedModules } from './moduleTree';
import type { LoraOptions, Origin } from './types';

/** A module that an adapter can sit on. */
export type AdaptableModule = Extract<Model['modules'][number], { kind: 'linear' | 'conv1d' | 'embedding' }>;

/** What `target_modules` and its companions choose. */
export interface Matching {
  /** In the order of the model's modules. */
  readonly modules: readonly AdaptableModule[];
  readonly matches: readonly { readonly entry: string; readonly count: number }[];
  /** Entries of `exclude_modules` that take no target away. */
  readonly unusedExcludes: readonly string[];
  /** The place in the recipe that chose a module. */
  placeOf(path: string): string;
}

interface Entry {
  readonly entry: string;
  /** Dotted path in the recipe. */
  readonly place: string;
  matches(path: string): boolean;
  /** Does `layers_to_transform` have a say? Not for a module that the list names by its whole path. */
  isLimited(path: string): boolean;
}

/**
 * The modules that PEFT would adapt (`check_target_module_exists`): exclusion first, then modules to save, then the
 * targets. In a recipe each single entry without a match is refused; PEFT refuses only a list without any.
 */
export function matchTargets(model: Model, options: LoraOptions, origin: Origin): Matching {
  const entries = entriesOf(model, options);
  const named = namedModules(model.modules);
  const isInLayers = layerFilter(model, options, origin);
  const isChosen = (entry: Entry, path: string): boolean =>
    entry.matches(path) && (!entry.isLimited(path) || isInLayers(path));
  const isExcluded = excludes(options);
  const isSaved = (path: string): boolean => options.modulesToSave.some((name) => liesInSaved(path, name));
  const stays = named.filter(({ path }) => !isExcluded(path) && !isSaved(path));

  const whyEmpty = (entry: Entry): Failure | undefined => {
    if (stays.some(({ path }) => isChosen(entry, path))) return undefined;
    const found = named.filter(({ path }) => entry.matches(path));
    if (found.length === 0) return targetNotFound(model, entry.entry, entry.place);
    const chosen = found.filter(({ path }) => isChosen(entry, path));
    if (chosen.length === 0) return targetOutsideLayers(entry.entry, found[0]!.path, entry.place);
    const isAllExcluded = chosen.every(({ path }) => isExcluded(path));
    return isAllExcluded ? targetExcluded(entry.entry, chosen.length, entry.place) : undefined;
  };
  const failures = entries.flatMap((entry) => whyEmpty(entry) ?? []);
  // What is excluded on purpose may be named as a target too, as in PEFT, while something is left to adapt.
  const fatal = failures.find(({ code }) => code !== 'target-excluded');
  if (fatal !== undefined && origin === 'recipe') throw fatal;

  const entryOf = (path: string): Entry | undefined => entries.find((entry) => isChosen(entry, path));
  const modules = stays.flatMap((module) => {
    const entry = entryOf(module.path);
    return entry === undefined ? [] : [adaptable(model, module, entry)];
  });
  if (modules.length === 0) throw failures[0] ?? targetsAllSaved();
  return {
    modules,
    matches: entries.map((entry) => ({
      entry: entry.entry,
      count: modules.filter(({ path }) => isChosen(entry, path)).length,
    })),
    unusedExcludes: excludeEntries(options)
      .filter(({ matches }) => !named.some(({ path }) => matches(path) && entryOf(path) !== undefined))
      .map(({ entry }) => entry),
    placeOf: (path) => entryOf(path)?.place ?? 'lora.target_modules',
  };
}

function entriesOf(model: Model, { targetModules }: LoraOptions): Entry[] {
  const place = 'lora.target_modules';
  if (targetModules === 'all-linear') {
    // PEFT turns it into the list of all whole paths, so `layers_to_transform` has no say.
    const isLinear = new Set(
      model.modules
        .filter(({ kind, path }) => (kind === 'linear' || kind === 'conv1d') && path !== model.head)
        .map(({ path }) => path),
    );
    return [{ entry: targetModules, place, matches: (path) => isLinear.has(path), isLimited: () => false }];
  }
  if (targetModules !== undefined && 'pattern' in targetModules) {
    const { pattern, regex } = targetModules;
    return [{ entry: pattern, place, matches: (path) => regex.test(path), isLimited: () => false }];
  }
  const names = targetModules ?? model.defaultTargets;
  if (names.length === 0) throw targetsMissing(model);
  return names.map((name, i) => ({
    entry: name,
    place: targetModules === undefined ? place : `${place}[${i}]`,
    matches: (path) => isNamedBy(path, name),
    isLimited: (path) => !names.includes(path),
  }));
}

/** Is the module in one of the blocks of `layers_to_transform`? PEFT reads the first number in the path. */
function layerFilter(model: Model, options: LoraOptions, origin: Origin): (path: string) => boolean {
  const { layersToTransform, targetModules } = options;
  if (layersToTransform === null) return () => true;
  const layers = typeof layersToTransform === 'number' ? [layersToTransform] : layersToTransform;
  if (typeof targetModules === 'string' || (targetModules !== undefined && 'pattern' in targetModules)) {
    throw layersNeedTargetList();
  }
  if (layers.length === 0) return () => true;
  for (const layer of origin === 'recipe' ? layers : []) {
    if (!Number.isInteger(layer) || layer < 0 || layer >= model.blocks) throw layerOutOfRange(layer, model.blocks);
  }
  const lists = typeof options.layersPattern === 'string' ? [options.layersPattern] : (options.layersPattern ?? []);
  return (path) => {
    const block = lists.length === 0 ? firstBlock(path) : blockIn(path, lists);
    return block !== undefined && layers.includes(block);
  };
}

/** PEFT: `.*?\.[^.]*\.(?P<idx>\d+)\.` */
function firstBlock(path: string): number | undefined {
  const match = /^.*?\.[^.]*\.(\d+)\./.exec(path);
  return match === null ? undefined : Number(match[1]);
}

/** PEFT: `(?:^|.*?\.)<list>\.(?P<idx>\d+)\.`, the first list that is in the path. */
function blockIn(path: string, lists: readonly string[]): number | undefined {
  for (const list of lists) {
    const literal = list.replace(/[^\w]/g, '\\$&');
    const match = new RegExp(`^(?:|.*?\\.)${literal}\\.(\\d+)\\.`).exec(path);
    if (match !== null) return Number(match[1]);
  }
  return undefined;
}

function excludeEntries({ excludeModules }: LoraOptions): { entry: string; matches: (path: string) => boolean }[] {
  if ('pattern' in excludeModules) {
    const { pattern, regex } = excludeModules;
    return [{ entry: pattern, matches: (path) => regex.test(path) }];
  }
  return excludeModules.map((entry) => ({ entry, matches: (path) => isNamedBy(path, entry) }));
}

function excludes(options: LoraOptions): (path: string) => boolean {
  const entries = excludeEntries(options);
  return (path) => entries.some(({ matches }) => matches(path));
}

/** PEFT: `(^|.*\.)<name>($|\..*)`, so everything inside of a saved group as well. */
function liesInSaved(path: string, name: string): boolean {
  return `.${path}.`.includes(`.${name}.`);
}

function adaptable(model: Model, { path, module }: NamedModule, entry: Entry): AdaptableModule {
  if (isAdaptable(module)) return module;
  throw module === undefined
    ? targetIsGroup(entry.entry, path, modulesIn(model.modules, path), entry.place)
    : targetIsNorm(entry.entry, path, entry.place);
}
