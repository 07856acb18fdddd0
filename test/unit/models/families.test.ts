import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConfigValues } from '../../../src/engine/models/config';
import { readModel, supportedModelTypes } from '../../../src/engine/models/families';
import type { Model } from '../../../src/engine/models/model';
import { countParameters } from '../../../src/engine/models/model';
import { failsWith } from './failing';
import { stored, storedCases, storedTensors } from './fixtures';

const folders = ['llama', 'llama-biases', 'mistral', 'qwen2', 'qwen3', 'qwen3-biases', 'gpt2', 'gpt2-untied'];

const llama = {
  model_type: 'llama',
  vocab_size: 64,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
};

function firstConfig(folder: string): ConfigValues {
  return storedCases(folder)[0]!.config;
}

describe('modules and weights are those of PyTorch', () => {
  for (const folder of folders) {
    test(`${folder}: modules in the order of named_modules()`, () => {
      const model = readModel(firstConfig(folder));
      assert.deepEqual(
        model.modules.map(({ path }) => path),
        stored(folder, 'modules.json') as readonly string[],
      );
    });

    test(`${folder}: weights by name and shape, tied ones once`, async () => {
      const model = readModel(firstConfig(folder));
      const tensors = await storedTensors(folder, 'model.safetensors');
      const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
      assert.deepEqual(new Map([...model.parameters].sort()), new Map([...shapes].sort()));
      const elements = [...shapes.values()].map((shape) => shape.reduce((product, size) => product * size, 1));
      assert.equal(
        countParameters(model),
        elements.reduce((sum, size) => sum + size, 0),
      );
    });
  }
});

describe('a missing key has the default of its configuration class', () => {
  const parameter = (model: Model, name: string): readonly number[] | undefined => model.parameters.get(name);

  test('llama: as many key heads as heads, no ties, context 2048', () => {
    const model = readModel(llama);
    assert.deepEqual(parameter(model, 'model.layers.0.self_attn.k_proj.weight'), [16, 16]);
    assert.deepEqual(parameter(model, 'lm_head.weight'), [64, 16]);
    assert.equal(model.contextLength, 2048);
    assert.deepEqual(model.defaultTargets, ['q_proj', 'v_proj']);
    assert.equal(model.positionsAreLearnt, false);
  });

  test('llama as it was first published, from nothing but its type', () => {
    assert.equal(countParameters(readModel({ model_type: 'llama' })), 6_738_415_616);
  });

  test('mistral: 8 key heads, context 131072', () => {
    const model = readModel({ ...llama, model_type: 'mistral', num_attention_heads: 8 });
    assert.deepEqual(parameter(model, 'model.layers.0.self_attn.k_proj.weight'), [16, 16]);
    assert.equal(model.contextLength, 131072);
    failsWith('model-config-contradiction', () => readModel({ ...llama, model_type: 'mistral' }));
  });

  test('qwen2: biases of q, k and v alone, context 32768', () => {
    const model = readModel({ ...llama, model_type: 'qwen2', num_key_value_heads: 2 });
    const biases = [...model.parameters.keys()].filter((name) => name.endsWith('0.self_attn.k_proj.bias'));
    assert.equal(biases.length, 1);
    assert.equal(parameter(model, 'model.layers.0.self_attn.o_proj.bias'), undefined);
    assert.equal(model.contextLength, 32768);
  });

  test('qwen3: heads of 128', () => {
    const model = readModel({ ...llama, model_type: 'qwen3', num_key_value_heads: 2 });
    assert.deepEqual(parameter(model, 'model.layers.1.self_attn.q_norm.weight'), [128]);
    assert.deepEqual(parameter(model, 'model.layers.1.self_attn.o_proj.weight'), [16, 512]);
  });

  test('gpt2 as it was first published, from nothing but its type', () => {
    const model = readModel({ model_type: 'gpt2' });
    assert.equal(countParameters(model), 124_439_808);
    assert.equal(model.contextLength, 1024);
    assert.deepEqual([...model.tied], [['lm_head.weight', 'transformer.wte.weight']]);
    assert.deepEqual(model.defaultTargets, ['c_attn']);
    assert.equal(model.positionsAreLearnt, true);
  });

  test('gpt2 under the names of other families', () => {
    const own = readModel({ model_type: 'gpt2', n_embd: 32, n_layer: 1, n_head: 2, n_positions: 8 });
    const others = readModel({
      model_type: 'gpt2',
      hidden_size: 32,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      max_position_embeddings: 8,
    });
    assert.deepEqual(others.parameters, own.parameters);
  });
});

describe('dropout inside the model is left out, and people are told', () => {
  test('gpt2 has it by default', () => {
    const [note, ...others] = readModel({ model_type: 'gpt2' }).notes;
    assert.match(note!, /resid_pdrop 0.1, embd_pdrop 0.1, attn_pdrop 0.1/);
    assert.deepEqual(others, []);
    const none = { resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 };
    assert.deepEqual(readModel({ model_type: 'gpt2', ...none }).notes, []);
  });

  test('others where the configuration asks for it', () => {
    assert.deepEqual(readModel(llama).notes, []);
    assert.deepEqual(readModel({ ...llama, attention_dropout: null }).notes, []);
    assert.match(readModel({ ...llama, attention_dropout: 0.2 }).notes[0]!, /attention_dropout 0.2/);
  });
});

describe('what cannot be trained is refused in a sentence', () => {
  test('another family, with the list of those that can be', () => {
    for (const type of ['bert', 'constructor']) {
      const failure = failsWith('model-type-unsupported', () => readModel({ ...llama, model_type: type }));
      assert.match(failure.message, new RegExp(`"${type}"`));
      for (const supported of supportedModelTypes) assert.ok(failure.hint!.includes(supported));
    }
    assert.deepEqual([...supportedModelTypes].sort(), ['gpt2', 'llama', 'mistral', 'qwen2', 'qwen3']);
  });

  test('no type at all', () => {
    failsWith('model-config-invalid', () => readModel({}));
  });

  test('an encoder with a decoder', () => {
    failsWith('model-encoder-decoder', () => readModel({ model_type: 't5', is_encoder_decoder: true }));
    failsWith('model-config-unsupported', () => readModel({ model_type: 'gpt2', add_cross_attention: true }));
  });

  test('quantized weights', () => {
    const quantization_config = { quant_method: 'gptq', bits: 4 };
    assert.match(failsWith('model-quantized', () => readModel({ ...llama, quantization_config })).message, /gptq/);
    assert.equal(readModel({ ...llama, quantization_config: null }).modelType, 'llama');
  });

  test('an activation that is not there', () => {
    const failure = failsWith('model-config-unsupported', () => readModel({ ...llama, hidden_act: 'relu' }));
    assert.equal(failure.place?.path, 'hidden_act');
    failsWith('model-config-unsupported', () => readModel({ model_type: 'gpt2', activation_function: 'toString' }));
  });

  test('sizes that do not fit each other', () => {
    failsWith('model-config-contradiction', () => readModel({ ...llama, num_key_value_heads: 3 }));
    failsWith('model-config-contradiction', () => readModel({ ...llama, hidden_size: 18 }));
    failsWith('model-config-contradiction', () => readModel({ ...llama, head_dim: 3 }));
    failsWith('model-config-contradiction', () => readModel({ model_type: 'gpt2', n_head: 7 }));
  });

  test('values of another kind', () => {
    failsWith('model-config-invalid', () => readModel({ ...llama, vocab_size: '64' }));
    failsWith('model-config-invalid', () => readModel({ ...llama, num_hidden_layers: 1.5 }));
    failsWith('model-config-invalid', () => readModel({ ...llama, tie_word_embeddings: null }));
    failsWith('model-config-invalid', () => readModel({ ...llama, rms_norm_eps: null }));
  });

  test('layers that differ from each other', () => {
    failsWith('model-config-unsupported', () => readModel({ ...llama, per_layer_config: { 1: { hidden_size: 8 } } }));
  });

  test('kinds of attention that are unknown, too few, or without a window', () => {
    const qwen = { ...llama, model_type: 'qwen2', num_key_value_heads: 2 };
    const typed = (...layer_types: string[]): ConfigValues => ({ ...qwen, layer_types, use_sliding_window: true });
    failsWith('model-config-unsupported', () => readModel(typed('full_attention', 'linear_attention')));
    failsWith('model-config-contradiction', () => readModel(typed('full_attention')));
    failsWith('model-config-contradiction', () =>
      readModel({ ...typed('full_attention', 'sliding_attention'), use_sliding_window: false }),
    );
  });
});
