import type { ModelFacts, ModuleFacts } from '../../recipe/facts';
import { isAdaptable } from '../lora/moduleTree';
import { countParameters } from '../models/model';
import type { Model, Module } from '../models/model';
import type { BaseModel } from './baseModel';

/** What checks need to know of an opened model. */
export function modelFacts({ folder, model, weights }: BaseModel): ModelFacts {
  const architectures: unknown = folder.config['architectures'];
  const architecture: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  return {
    folder: folder.path,
    family: model.modelType,
    architecture: typeof architecture === 'string' ? architecture : null,
    modules: model.modules.map((module) => moduleFacts(module, model)),
    blocks: model.blocks,
    blockList: model.blockList,
    head: model.head,
    contextLength: model.contextLength,
    positionsAreLearnt: model.positionsAreLearnt,
    vocabSize: model.vocabSize,
    tied: [...model.tied].map(([alias, owner]) => [moduleOf(alias), moduleOf(owner)] as const),
    parameters: countParameters(model),
    defaultTargets: model.defaultTargets,
    dtypes: byFrequency([...weights.values()].map(({ dtype }) => dtype)),
    hasChatTemplate: folder.chatTemplate !== undefined,
  };
}

function moduleFacts(module: Module, { blockList }: Model): ModuleFacts {
  const { path } = module;
  const block = path.startsWith(`${blockList}.`) ? /^\d+/.exec(path.slice(blockList.length + 1)) : null;
  const common = { path, isAdaptable: isAdaptable(module), layer: block === null ? null : Number(block[0]) };
  switch (module.kind) {
    case 'linear':
    case 'conv1d':
      return { ...common, kind: module.kind, in: module.inFeatures, out: module.outFeatures };
    case 'embedding':
      return { ...common, kind: 'embedding', in: module.rows, out: module.features };
    case 'rmsNorm':
    case 'layerNorm':
      return { ...common, kind: 'norm', in: module.features, out: module.features };
  }
}

/** `lm_head` of `lm_head.weight`. */
function moduleOf(weight: string): string {
  return weight.slice(0, weight.lastIndexOf('.'));
}

function byFrequency(words: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([word]) => word);
}
