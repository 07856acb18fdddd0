import { Failure } from '../../failure/failure';
import type { Model, Module } from '../models/model';
import { countLastNames, isAdaptable, lastName } from './moduleTree';
import { similarNames } from './similarNames';

// ---- target_modules

export const targetsMissing = (model: Model): Failure =>
  new Failure('targets-missing', 'The recipe names no layer that gets an adapter.', {
    hint: `Fill in "target_modules", for example "all-linear". ${adaptableNames(model)}`,
    place: { path: 'lora.target_modules' },
  });

export const targetNotFound = (model: Model, entry: string, path: string): Failure =>
  new Failure('target-not-found', `${quoted(entry)} matches no layer of this ${model.modelType} model.`, {
    hint: `${didYouMean(entry, model.modules.filter(isAdaptable))}${adaptableNames(model)}`,
    place: { path },
  });

export const targetOutsideLayers = (entry: string, found: string, path: string): Failure =>
  new Failure(
    'target-outside-layers',
    `${quoted(entry)} matches nothing in the layers that "layers_to_transform" chooses, but for example ${found}.`,
    { hint: 'Delete the name, write its whole path, or choose other layers.', place: { path } },
  );

export const targetExcluded = (entry: string, count: number, path: string): Failure =>
  new Failure('target-excluded', `All layers that ${quoted(entry)} matches (${count}) are in "exclude_modules".`, {
    hint: 'Delete it here or in "exclude_modules".',
    place: { path },
  });

export const targetsAllSaved = (): Failure =>
  new Failure(
    'targets-all-saved',
    'No layer gets an adapter: all targets are in "modules_to_save" and so trained in full.',
    { hint: 'Name further layers in "target_modules".', place: { path: 'lora.target_modules' } },
  );

export const targetIsGroup = (entry: string, group: string, inside: readonly Module[], path: string): Failure =>
  new Failure('target-unsupported', `${quoted(entry)} matches ${group}, which is a group of layers, not a layer.`, {
    hint: `Name the layers in it: ${[...countLastNames(inside.filter(isAdaptable)).keys()].join(', ')}.`,
    place: { path },
  });

export const targetIsNorm = (entry: string, module: string, path: string): Failure =>
  new Failure(
    'target-unsupported',
    `${quoted(entry)} matches ${module}, a normalization, and only linear layers and embeddings get adapters.`,
    { hint: `To train it in full, put ${quoted(lastName(module))} into "modules_to_save".`, place: { path } },
  );

export const targetTied = (module: string, other: string, path: string): Failure =>
  new Failure(
    'target-tied',
    `${module} shares its weight with ${other} in this model, so an adapter on it alone would be lost when merged.`,
    {
      hint: `Adapt other layers, such as "all-linear", or train ${quoted(lastName(module))} in full through "modules_to_save".`,
      place: { path },
    },
  );

// ---- layers_to_transform

export const layersNeedTargetList = (): Failure =>
  new Failure('layers-need-target-list', '"layers_to_transform" works only with "target_modules" as a list of names.', {
    hint: 'Write for example ["q_proj", "v_proj"].',
    place: { path: 'lora.layers_to_transform' },
  });

export const layerOutOfRange = (layer: number, blocks: number): Failure =>
  new Failure('layer-out-of-range', `This model has no layer ${layer}: its layers are 0 to ${blocks - 1}.`, {
    hint: 'Layers are counted from 0.',
    place: { path: 'lora.layers_to_transform' },
  });

// ---- ranks

export const rankInvalid = (rank: number, path: string): Failure =>
  new Failure('rank-invalid', `The rank of an adapter must be a whole number above 0, not ${rank}.`, {
    hint: 'Ranks of 4 to 32 are usual.',
    place: { path },
  });

export const rankTooLarge = (rank: number, module: string, inside: number, outside: number, path: string): Failure =>
  new Failure(
    'rank-too-large',
    `Rank ${rank} is larger than the layer ${module}, which has ${inside} inputs and ${outside} outputs.`,
    {
      hint: `Use at most ${Math.min(inside, outside)}: from there on a layer trained in full is smaller.`,
      place: { path },
    },
  );

export const alphaInvalid = (alpha: number, path: string): Failure =>
  new Failure('alpha-invalid', `The strength of an adapter must be a number above 0, not ${alpha}.`, {
    hint: 'Twice the rank is a common choice. With 0 the adapter would change nothing.',
    place: { path },
  });

// ---- modules_to_save

export const savedNotFound = (model: Model, entry: string, path: string): Failure =>
  new Failure('modules-to-save-not-found', `${quoted(entry)} matches no layer of this ${model.modelType} model.`, {
    hint: `${didYouMean(entry, model.modules)}Its layers are ${namesWithCounts(model.modules)}.`,
    place: { path },
  });

export const savedIsBlockList = (entry: string, list: string, path: string): Failure =>
  new Failure(
    'modules-to-save-unsupported',
    `${quoted(entry)} matches ${list}, the list of all blocks, which PEFT cannot save as one.`,
    { hint: 'Name layers of the blocks, or use "method": "full" to train the whole model.', place: { path } },
  );

export const savedAndAdapted = (entry: string, module: string, path: string): Failure =>
  new Failure(
    'saved-and-adapted',
    `${module} would be trained in full by ${quoted(entry)} and get an adapter at the same time.`,
    {
      hint: 'Write the whole name of the layer that is meant; "modules_to_save" matches every ending.',
      place: { path },
    },
  );

// ---- words

function adaptableNames(model: Model): string {
  return `Layers that can get one: ${namesWithCounts(model.modules.filter(isAdaptable))}.`;
}

function namesWithCounts(modules: readonly Module[]): string {
  return [...countLastNames(modules)].map(([name, count]) => (count === 1 ? name : `${name} (${count})`)).join(', ');
}

function didYouMean(entry: string, modules: readonly Module[]): string {
  const near = similarNames(lastName(entry), countLastNames(modules).keys());
  return near.length === 0 ? '' : `Did you mean ${near.map(quoted).join(' or ')}? `;
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
