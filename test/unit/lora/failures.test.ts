import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LoraOptions } from '../../../src/engine/lora/adapter';
import { planAdapter } from '../../../src/engine/lora/adapter';
import { Failure } from '../../../src/failure/failure';
import { fixtureModel, options } from './models';
import { pattern, patternValues } from './peftOptions';

interface Expectation {
  readonly title: string;
  readonly model?: string;
  readonly changes: Partial<LoraOptions>;
  readonly code: string;
  readonly path: string;
  /** What the sentence and the hint say. */
  readonly says: readonly RegExp[];
}

const expectations: readonly Expectation[] = [
  {
    title: 'one misspelt name among right ones, with the nearest name and all names',
    changes: { targetModules: ['q_proj', 'v_porj'] },
    code: 'target-not-found',
    path: 'lora.target_modules[1]',
    says: [/"v_porj" matches no layer of this llama model/, /Did you mean "v_proj"/, /q_proj \(3\).*lm_head\./],
  },
  {
    title: 'a name of another architecture',
    model: 'gpt2',
    changes: { targetModules: ['q_proj'] },
    code: 'target-not-found',
    path: 'lora.target_modules[0]',
    says: [/gpt2/, /c_attn \(3\), c_proj \(6\), c_fc \(3\)/],
  },
  {
    title: 'a pattern without a match',
    changes: { targetModules: pattern('q_proj') },
    code: 'target-not-found',
    path: 'lora.target_modules',
    says: [/"q_proj" matches no layer/],
  },
  {
    title: 'an empty list',
    changes: { targetModules: [] },
    code: 'targets-missing',
    path: 'lora.target_modules',
    says: [/names no layer/, /all-linear/],
  },
  {
    title: 'a name outside of the chosen blocks',
    changes: { targetModules: ['q_proj', 'embed_tokens'], layersToTransform: [1] },
    code: 'target-outside-layers',
    path: 'lora.target_modules[1]',
    says: [/model\.embed_tokens/],
  },
  {
    title: 'names that are excluded everywhere, with nothing left',
    changes: { targetModules: ['v_proj'], excludeModules: pattern('.*v_proj') },
    code: 'target-excluded',
    path: 'lora.target_modules[0]',
    says: [/"v_proj" matches \(3\)/, /exclude_modules/],
  },
  {
    title: 'all linear layers excluded',
    changes: { targetModules: 'all-linear', excludeModules: pattern('.*_proj') },
    code: 'target-excluded',
    path: 'lora.target_modules',
    says: [/"all-linear" matches \(21\)/],
  },
  {
    title: 'nothing left but saved modules',
    changes: { targetModules: ['lm_head'], modulesToSave: ['lm_head'] },
    code: 'targets-all-saved',
    path: 'lora.target_modules',
    says: [/modules_to_save/],
  },
  {
    title: 'a group of layers, with the layers in it',
    changes: { targetModules: ['q_proj', 'mlp'] },
    code: 'target-unsupported',
    path: 'lora.target_modules[1]',
    says: [/model\.layers\.0\.mlp, which is a group/, /gate_proj, up_proj, down_proj/],
  },
  {
    title: 'a normalization',
    changes: { targetModules: pattern('.*(norm|q_proj)') },
    code: 'target-unsupported',
    path: 'lora.target_modules',
    says: [/model\.layers\.0\.input_layernorm, a normalization/, /"input_layernorm" into "modules_to_save"/],
  },
  {
    title: 'the head of a tied model',
    model: 'llama-tied',
    changes: { targetModules: ['q_proj', 'lm_head'] },
    code: 'target-tied',
    path: 'lora.target_modules[1]',
    says: [/lm_head shares its weight with model\.embed_tokens/],
  },
  {
    title: 'the embedding of a tied model',
    model: 'gpt2',
    changes: { targetModules: ['wte'] },
    code: 'target-tied',
    path: 'lora.target_modules[0]',
    says: [/transformer\.wte shares its weight with lm_head/],
  },
  {
    title: 'blocks together with a pattern',
    changes: { targetModules: pattern('.*q_proj'), layersToTransform: 0 },
    code: 'layers-need-target-list',
    path: 'lora.layers_to_transform',
    says: [/list of names/],
  },
  {
    title: 'blocks together with all linear layers',
    changes: { targetModules: 'all-linear', layersToTransform: [0] },
    code: 'layers-need-target-list',
    path: 'lora.layers_to_transform',
    says: [/list of names/],
  },
  {
    title: 'a block that is not there',
    changes: { layersToTransform: [0, 3] },
    code: 'layer-out-of-range',
    path: 'lora.layers_to_transform',
    says: [/no layer 3: its layers are 0 to 2/],
  },
  {
    title: 'rank 0',
    changes: { r: 0 },
    code: 'rank-invalid',
    path: 'lora.r',
    says: [/not 0/],
  },
  {
    title: 'a broken rank',
    changes: { rankPattern: patternValues({ q_proj: 2.5 }) },
    code: 'rank-invalid',
    path: 'lora.rank_pattern.q_proj',
    says: [/not 2\.5/],
  },
  {
    title: 'a rank larger than a layer',
    changes: { r: 5 },
    code: 'rank-too-large',
    path: 'lora.r',
    says: [/Rank 5 .*v_proj, which has 8 inputs and 4 outputs/, /at most 4/],
  },
  {
    title: 'a rank of a pattern that is larger than a layer',
    changes: { rankPattern: patternValues({ 'layers.2.self_attn.v_proj': 100 }) },
    code: 'rank-too-large',
    path: 'lora.rank_pattern.layers.2.self_attn.v_proj',
    says: [/Rank 100/, /layers\.2\.self_attn\.v_proj/],
  },
  {
    title: 'strength 0',
    changes: { loraAlpha: 0 },
    code: 'alpha-invalid',
    path: 'lora.lora_alpha',
    says: [/not 0/],
  },
  {
    title: 'strength 0 for some layers',
    changes: { alphaPattern: patternValues({ q_proj: 0 }) },
    code: 'alpha-invalid',
    path: 'lora.alpha_pattern.q_proj',
    says: [/not 0/],
  },
  {
    title: 'a saved module that is not there',
    changes: { modulesToSave: ['lm_head', 'classifier'] },
    code: 'modules-to-save-not-found',
    path: 'lora.modules_to_save[1]',
    says: [/"classifier" matches no layer/, /embed_tokens/],
  },
  {
    title: 'the list of blocks as a saved module',
    changes: { targetModules: ['lm_head'], modulesToSave: ['layers'] },
    code: 'modules-to-save-unsupported',
    path: 'lora.modules_to_save[0]',
    says: [/model\.layers, the list of all blocks/],
  },
  {
    title: 'a saved ending that catches an adapted layer',
    changes: { modulesToSave: ['_proj'] },
    code: 'saved-and-adapted',
    path: 'lora.modules_to_save[0]',
    says: [/model\.layers\.0\.self_attn\.q_proj/],
  },
];

describe('what cannot be adapted is refused with its place, a sentence and a next step', () => {
  for (const { title, model = 'llama', changes, code, path, says } of expectations) {
    test(title, () => {
      assert.throws(
        () => planAdapter(fixtureModel(model), options(changes)),
        (error: unknown) => {
          assert.ok(error instanceof Failure);
          assert.equal(error.code, code);
          assert.equal(error.exitCode, 1);
          assert.deepEqual(error.place, { path });
          assert.match(error.message, /\.$/);
          assert.match(error.hint ?? '', /\.$/);
          for (const words of says) assert.match(`${error.message} ${error.hint ?? ''}`, words);
          return true;
        },
      );
    });
  }
});
