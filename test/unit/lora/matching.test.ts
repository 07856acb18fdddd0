import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Adapter } from '../../../src/engine/lora/adapter';
import { describeTargets, planAdapter, planFull, targetModulesOf } from '../../../src/engine/lora/adapter';
import { Failure } from '../../../src/failure/failure';
import { fixtureModel, fixtureModules, matchingCases, mixedModel, options } from './models';
import { fromPeft, pattern, patternValues } from './peftOptions';

function shapes(adapter: Adapter): Record<string, readonly number[]> {
  return Object.fromEntries(adapter.trainables.map(({ name, shape }) => [name, shape]));
}

function scalings(adapter: Adapter): Record<string, number> {
  return Object.fromEntries(adapter.targets.map(({ path, scaling }) => [path, scaling]));
}

const paths = (adapter: Adapter): string[] => adapter.targets.map(({ path }) => path);

describe('the trained tensors are those of PEFT', () => {
  for (const { name, model, options, error, trainable, scaling } of matchingCases) {
    test(error === undefined ? name : `${name}: refused`, () => {
      const plan = (): Adapter => planAdapter(fixtureModel(model), fromPeft(options));
      if (error !== undefined) {
        assert.throws(plan, Failure);
        return;
      }
      assert.deepEqual(shapes(plan()), trainable);
      assert.deepEqual(scalings(plan()), scaling);
    });
  }

  for (const name of ['llama', 'llama-tied', 'llama-biased']) {
    test(`${name} has the modules of PyTorch's model in their order`, () => {
      assert.deepEqual(fixtureModel(name).modules, fixtureModules(name));
    });
  }
});

describe('planAdapter', () => {
  test('counts what each entry adapts', () => {
    const { matches } = planAdapter(
      fixtureModel('llama'),
      options({ targetModules: ['q_proj', 'self_attn.q_proj', 'lm_head'], excludeModules: pattern('.*layers.0.*') }),
    );
    assert.deepEqual(matches, [
      { entry: 'q_proj', count: 2 },
      { entry: 'self_attn.q_proj', count: 2 },
      { entry: 'lm_head', count: 1 },
    ]);
  });

  test('an entry that is excluded on purpose counts nothing while others are left, as in PEFT', () => {
    const { matches } = planAdapter(
      fixtureModel('llama'),
      options({ targetModules: ['q_proj', 'k_proj'], excludeModules: ['k_proj'] }),
    );
    assert.deepEqual(matches, [
      { entry: 'q_proj', count: 3 },
      { entry: 'k_proj', count: 0 },
    ]);
  });

  test('an entry whose modules are all saved counts nothing and is no failure', () => {
    const saved = options({ targetModules: ['q_proj', 'lm_head'], modulesToSave: ['lm_head'] });
    assert.deepEqual(planAdapter(fixtureModel('llama'), saved).matches[1], { entry: 'lm_head', count: 0 });
  });

  test('tells which other entries change nothing', () => {
    const { unused } = planAdapter(
      fixtureModel('llama'),
      options({
        excludeModules: ['k_proj', 'layers.0.self_attn.q_proj'],
        rankPattern: patternValues({ q_proj: 2, up_proj: 4 }),
        alphaPattern: patternValues({ self_attn: 2 }),
      }),
    );
    assert.deepEqual(unused, [
      { key: 'exclude_modules', entry: 'k_proj' },
      { key: 'rank_pattern', entry: 'up_proj' },
      { key: 'alpha_pattern', entry: 'self_attn' },
    ]);
  });

  test('orders tensors by module, then saved modules, then biases', () => {
    const { trainables } = planAdapter(
      mixedModel(),
      options({ targetModules: ['narrow', 'words'], modulesToSave: ['head'], bias: 'all' }),
    );
    assert.deepEqual(
      trainables.map(({ name, role }) => [name, role]),
      [
        ['words.lora_embedding_A', 'lora_embedding_A'],
        ['words.lora_embedding_B', 'lora_embedding_B'],
        ['narrow.lora_A.weight', 'lora_A'],
        ['narrow.lora_B.weight', 'lora_B'],
        ['head.weight', 'saved'],
        ['wide.bias', 'bias'],
        ['narrow.bias', 'bias'],
      ],
    );
  });

  test('a saved module that was tied starts from the weight that it shared', () => {
    const { trainables } = planAdapter(fixtureModel('llama-tied'), options({ modulesToSave: ['lm_head'] }));
    const saved = trainables.find(({ role }) => role === 'saved');
    assert.deepEqual([saved?.name, saved?.baseWeight], ['lm_head.weight', 'model.embed_tokens.weight']);
  });

  test('of nested saved modules the outer one counts', () => {
    const { modulesToSave } = planAdapter(
      fixtureModel('llama'),
      options({ modulesToSave: ['layers.0.mlp', 'layers.0.mlp.up_proj'] }),
    );
    assert.deepEqual(modulesToSave, ['model.layers.0.mlp']);
  });
});

describe('a stored adapter is taken as PEFT takes it', () => {
  const stored = (model: string, changes: Parameters<typeof options>[0]): Adapter =>
    planAdapter(fixtureModel(model), options(changes), 'stored');

  test('names of other architectures are skipped', () => {
    const { matches } = stored('llama', { targetModules: ['query_key_value', 'q_proj'], modulesToSave: ['score'] });
    assert.deepEqual(matches, [
      { entry: 'query_key_value', count: 0 },
      { entry: 'q_proj', count: 3 },
    ]);
  });

  test('nothing but names of other architectures is refused', () => {
    assert.throws(() => stored('llama', { targetModules: ['query_key_value'] }), { code: 'target-not-found' });
  });

  test('the rank may be larger than a layer, as after a conversion from PiSSA', () => {
    assert.equal(stored('llama', { r: 100 }).targets[0]?.r, 100);
  });

  test('tied modules may have adapters', () => {
    const { targets } = stored('llama-tied', { targetModules: ['lm_head', 'embed_tokens'] });
    assert.deepEqual(
      targets.map(({ path }) => path),
      ['model.embed_tokens', 'lm_head'],
    );
  });

  test('blocks beyond the last are skipped', () => {
    assert.equal(stored('llama', { targetModules: ['q_proj'], layersToTransform: [2, 40] }).targets.length, 1);
  });
});

describe('planFull', () => {
  test('trains every weight once, tied ones together', () => {
    const model = fixtureModel('llama-tied');
    const adapter = planFull(model);
    assert.deepEqual(
      adapter.trainables.map(({ name }) => name),
      [...model.parameters.keys()],
    );
    assert.ok(!shapes(adapter)['lm_head.weight']);
    assert.deepEqual(shapes(adapter)['model.embed_tokens.weight'], [20, 8]);
  });
});

describe('describeTargets', () => {
  test('gives sizes and the number of parameters of A and B', () => {
    const adapter = planAdapter(mixedModel(), options({ targetModules: ['wide', 'words'] }));
    assert.deepEqual(describeTargets(adapter), [
      { name: 'words', in: 6, out: 4, r: 2, params: 20 },
      { name: 'wide', in: 4, out: 6, r: 2, params: 20 },
    ]);
  });
});

describe('targetModulesOf', () => {
  const model = fixtureModel('gpt2');
  const stored = (targetModules: Parameters<typeof options>[0] & object): readonly string[] => {
    const chosen = options(targetModules);
    const adapter = planAdapter(model, chosen);
    const names = targetModulesOf(model, adapter, chosen);
    const again = planAdapter(model, { ...chosen, targetModules: names });
    assert.deepEqual(paths(again), paths(adapter), 'the stored names adapt the same modules');
    return names;
  };

  test('a list stays as it is', () => {
    assert.deepEqual(stored({ targetModules: ['attn.c_proj', 'c_fc'] }), ['attn.c_proj', 'c_fc']);
  });

  test("the family's default is written out", () => {
    assert.deepEqual(stored({ targetModules: undefined }), ['c_attn']);
  });

  test('all linear layers become their names', () => {
    assert.deepEqual(stored({ targetModules: 'all-linear' }), ['c_attn', 'c_proj', 'c_fc']);
  });

  test('a pattern becomes names, and whole paths where a name would say more', () => {
    assert.deepEqual(stored({ targetModules: pattern('.*(c_attn|1\\.mlp\\.c_proj)') }), [
      'c_attn',
      'transformer.h.1.mlp.c_proj',
    ]);
  });
});
