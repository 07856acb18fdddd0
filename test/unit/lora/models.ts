import { readFileSync } from 'node:fs';
import type { LoraOptions } from '../../../src/engine/lora/adapter';
import { readModel } from '../../../src/engine/models/families';
import type { Model, Module } from '../../../src/engine/models/model';
import { moduleParameters } from '../../../src/engine/models/model';

/** PEFT's LoraConfig as the fixtures have it. */
export interface PeftOptions {
  readonly r: number;
  readonly lora_alpha: number;
  readonly target_modules?: readonly string[] | string;
  readonly exclude_modules?: readonly string[] | string;
  readonly bias?: 'none' | 'all' | 'lora_only';
  readonly use_rslora?: boolean;
  readonly rank_pattern?: Readonly<Record<string, number>>;
  readonly alpha_pattern?: Readonly<Record<string, number>>;
  readonly layers_to_transform?: readonly number[] | number;
  readonly layers_pattern?: readonly string[] | string;
  readonly modules_to_save?: readonly string[];
}

export interface MatchingCase {
  readonly name: string;
  readonly model: string;
  readonly options: PeftOptions;
  readonly error?: true;
  readonly trainable: Readonly<Record<string, readonly number[]>>;
  readonly scaling: Readonly<Record<string, number>>;
}

interface MatchingFixture {
  readonly models: Readonly<
    Record<string, { readonly config: Readonly<Record<string, unknown>>; readonly modules: readonly Module[] }>
  >;
  readonly cases: readonly MatchingCase[];
}

export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(`test/unit/lora/fixtures/${name}.json`, 'utf8'));
}

const matching = fixture('matching') as MatchingFixture;
export const matchingCases = matching.cases;

/** What PyTorch's model of that name has, as the fixtures list it. */
export function fixtureModules(name: string): readonly Module[] {
  return matching.models[name]!.modules;
}

/** The model of that name: three blocks, 8 wide, 20 words. */
export function fixtureModel(name: string): Model {
  const { config, modules } = matching.models[name]!;
  if (config['model_type'] === 'llama') return readModel(config);
  const tied = new Map([['lm_head.weight', 'transformer.wte.weight']]);
  return { ...modelOf(modules, tied), modelType: 'gpt2', blockList: 'transformer.h', defaultTargets: ['c_attn'] };
}

/** A model by its modules alone, which nothing is computed with. */
function modelOf(modules: readonly Module[], tied: ReadonlyMap<string, string>): Model {
  const llama = fixtureModel('llama');
  const parameters = new Map(modules.flatMap(moduleParameters));
  for (const alias of tied.keys()) parameters.delete(alias);
  const unused = (): never => {
    throw new Error('Only the modules of this model are known');
  };
  return { ...llama, modules, parameters, tied, hidden: unused, logits: unused };
}

/**
 * A model with one layer of every kind: words 6 × 4, a Conv1D 4 → 6 and a linear layer 6 → 4, both with bias, and a
 * head 4 → 6 that may be tied to the words. Ids are looked up one by one; there is no attention.
 */
export function mixedModel(options: { readonly tied: boolean } = { tied: false }): Model {
  const modules: Module[] = [
    { kind: 'embedding', path: 'words', rows: 6, features: 4 },
    { kind: 'conv1d', path: 'wide', inFeatures: 4, outFeatures: 6, bias: true },
    { kind: 'linear', path: 'narrow', inFeatures: 6, outFeatures: 4, bias: true },
    { kind: 'linear', path: 'head', inFeatures: 4, outFeatures: 6, bias: false },
  ];
  return {
    ...modelOf(modules, new Map(options.tied ? [['head.weight', 'words.weight']] : [])),
    head: 'head',
    hidden: (layers, { ids }) => {
      const x = layers.embedding('words', layers.b.reshape(ids, ['B*T']));
      return layers.linear('narrow', layers.linear('wide', x));
    },
    logits: (layers, hidden) => layers.linear('head', hidden),
  };
}

/** LoRA's usual options. */
export function options(changes: Partial<LoraOptions> = {}): LoraOptions {
  return {
    r: 2,
    loraAlpha: 3,
    loraDropout: 0,
    targetModules: ['q_proj', 'v_proj'],
    excludeModules: [],
    bias: 'none',
    useRslora: false,
    rankPattern: [],
    alphaPattern: [],
    layersToTransform: null,
    modulesToSave: [],
    initLoraWeights: true,
    ...changes,
  };
}
