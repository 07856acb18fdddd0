import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readModel } from '../../../src/engine/models/families';
import type { Model } from '../../../src/engine/models/model';
import { locateWeights } from '../../../src/engine/models/weights';
import { failsWith } from './failing';

type Files = Map<string, { readonly shape: readonly number[] }>;

const small = {
  vocab_size: 64,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 1,
  num_attention_heads: 2,
};
const untied = readModel({ model_type: 'llama', ...small });
const tied = readModel({ model_type: 'llama', ...small, tie_word_embeddings: true });
const gpt2 = readModel({ model_type: 'gpt2', n_embd: 16, n_layer: 1, n_head: 2, vocab_size: 64 });

/** The tensors of a model, by names that `rename` makes of its own. */
function filesOf(model: Model, rename: (name: string) => string = (name) => name): Files {
  return new Map([...model.parameters].map(([name, shape]) => [rename(name), { shape }]));
}

function withoutPrefix({ basePrefix }: Model): (name: string) => string {
  return (name) => (name.startsWith(basePrefix) ? name.slice(basePrefix.length) : name);
}

describe('each weight is found', () => {
  test('under its own name', () => {
    const files = filesOf(untied);
    assert.deepEqual(locateWeights(untied, files), files);
  });

  test('in files of the bare model, which leave out the prefix', () => {
    for (const model of [tied, gpt2]) {
      const files = filesOf(model, withoutPrefix(model));
      const located = locateWeights(model, files);
      assert.deepEqual([...located.keys()], [...model.parameters.keys()]);
      assert.equal(located.get(`${model.basePrefix}${firstName(files)}`), files.get(firstName(files)));
    }
  });

  test('under the name of the output layer that is tied to it', () => {
    const files = filesOf(tied, (name) => (name === 'model.embed_tokens.weight' ? 'lm_head.weight' : name));
    assert.equal(locateWeights(tied, files).get('model.embed_tokens.weight'), files.get('lm_head.weight'));
  });

  test('among tensors that the model does not read', () => {
    const files = filesOf(gpt2);
    files.set('transformer.h.0.attn.bias', { shape: [1, 1, 1024, 1024] });
    files.set('transformer.h.0.attn.masked_bias', { shape: [] });
    files.set('lm_head.weight', { shape: [64, 16] });
    const located = locateWeights(gpt2, files);
    assert.deepEqual([...located.keys()], [...gpt2.parameters.keys()]);
    assert.equal(located.get('transformer.wte.weight'), files.get('transformer.wte.weight'));
  });
});

describe('files that do not fit the configuration are refused', () => {
  test('a weight is missing', () => {
    const files = filesOf(untied);
    files.delete('model.layers.0.mlp.up_proj.weight');
    const failure = failsWith('model-weight-missing', () => locateWeights(untied, files));
    assert.match(failure.message, /model\.layers\.0\.mlp\.up_proj\.weight/);
  });

  test('there is no output layer', () => {
    const files = filesOf(untied);
    files.delete('lm_head.weight');
    failsWith('model-head-missing', () => locateWeights(untied, files));
  });

  test('a weight has another shape', () => {
    const files = filesOf(untied);
    files.set('model.norm.weight', { shape: [15] });
    const failure = failsWith('model-weight-shape', () => locateWeights(untied, files));
    assert.match(failure.message, /\[15\].*\[16\]/);
  });
});

function firstName(files: Files): string {
  return [...files.keys()][0]!;
}
