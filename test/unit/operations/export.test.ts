import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import type { AdapterConfig } from '../../../src/engine/formats/adapterConfig';
import { readAdapterFolder } from '../../../src/engine/formats/adapterFolder';
import { readSafetensorsHeader, readTensor, writeSafetensors } from '../../../src/engine/formats/safetensors';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import { mergedDelta } from '../../../src/engine/lora/merge';
import { attach } from '../../../src/engine/operations/attached';
import { exportAdapter } from '../../../src/engine/operations/export/exportAdapter';
import { nearPath } from '../../../src/engine/operations/export/nearPath';
import { importMlx } from '../../../src/engine/operations/import/importMlx';
import { floats } from '../../../src/engine/runtime/runtime';
import type { ExportRequest } from '../../../src/run/export';
import { writeTinyAdapter } from '../../tiny/adapter';
import { tinyConfig, writeJson, writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';

interface Tiny {
  readonly folder: string;
  readonly base: string;
  readonly adapter: string;
  readonly request: ExportRequest;
}

async function tiny(t: TestContext, format: string, config: Partial<AdapterConfig> = {}): Promise<Tiny> {
  const folder = await temporaryFolder(t);
  const [base, adapter, output] = ['model', 'my', 'out'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeTinyModel(base);
  await writeTinyAdapter(adapter, base, config);
  return { folder, base, adapter, request: { format, adapter, baseModel: base, output, overwrite: false } };
}

const failing = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

/** What an adapter adds to each weight. */
async function deltas(base: string, adapter: string): Promise<Map<string, Float32Array>> {
  const opened = await openBaseModel(base, '/');
  const { adapter: plan, tensors } = await attach(opened, adapter, 1);
  return new Map(
    plan.targets.map((target) => {
      const [a, b] = plan.trainables.filter((one) => one.target === target).map(({ name }) => floats(tensors, name));
      return [target.path, mergedDelta(target, a!, b!)];
    }),
  );
}

describe('mlx', () => {
  const patterns = { use_rslora: true, rank_pattern: { v_proj: 2 }, alpha_pattern: { v_proj: 3 } };

  test('holds a [in, r] and b [r, out] of one rank and scale, and what finds the layers', async (t) => {
    const { request, adapter } = await tiny(t, 'mlx', { ...patterns, lora_dropout: 0.1 });
    const { notes, bytes } = await exportAdapter(request);
    assert.match(notes[0]!, /all 4 adapted layers are the same/);
    assert.ok(bytes > 2000);
    assert.deepEqual((await readdir(request.output)).sort(), ['adapter_config.json', 'adapters.safetensors']);
    const config = JSON.parse(await readFile(path.join(request.output, 'adapter_config.json'), 'utf8')) as object;
    assert.deepEqual(config, {
      fine_tune_type: 'lora',
      model: request.baseModel,
      num_layers: 2,
      lora_parameters: { rank: 4, scale: 4, dropout: 0.1, keys: ['self_attn.q_proj', 'self_attn.v_proj'] },
    });
    const { tensors } = await readSafetensorsHeader(path.join(request.output, 'adapters.safetensors'));
    assert.deepEqual(tensors.get('model.layers.1.self_attn.v_proj.lora_b')?.shape, [4, 16]);
    const a = await readTensor(tensors.get('model.layers.0.self_attn.q_proj.lora_a')!);
    const { tensors: own } = await readAdapterFolder(adapter);
    const A = await readTensor(own.get('model.layers.0.self_attn.q_proj.lora_A.weight')!);
    assert.equal(a[3 * 4 + 1], A[1 * 32 + 3]);
  });

  test('comes back by lora import and changes the model by the same', async (t) => {
    const { request, base, adapter, folder } = await tiny(t, 'mlx', {
      ...patterns,
      target_modules: ['v_proj', 'down_proj'],
    });
    await exportAdapter(request);
    const output = path.join(folder, 'back');
    const { modules } = await importMlx({ from: request.output, output, baseModel: null, overwrite: false });
    assert.equal(modules, 4);
    const [before, after] = [await deltas(base, adapter), await deltas(base, output)];
    assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
    for (const [name, delta] of before) {
      delta.forEach((value, i) => assert.ok(Math.abs(after.get(name)![i]! - value) < 1e-5, name));
    }
    assert.match(await readFile(path.join(output, 'README.md'), 'utf8'), /trained with mlx-lm/);
    const again = importMlx({ from: request.output, output, baseModel: null, overwrite: false });
    await assert.rejects(again, failing('export-output-exists'));
  });

  test('replaces neither base nor adapter, and what is imported does not replace itself', async (t) => {
    const { request, base, adapter, folder } = await tiny(t, 'mlx');
    for (const output of [base, adapter, folder, path.join(adapter, 'mlx')]) {
      await assert.rejects(
        exportAdapter({ ...request, output, overwrite: true }),
        failing('export-output-taken'),
        output,
      );
    }
    await exportAdapter(request);
    for (const output of [request.output, path.join(request.output, 'inside'), folder]) {
      const imported = importMlx({ from: request.output, output, baseModel: null, overwrite: true });
      await assert.rejects(imported, failing('export-output-taken'), output);
    }
  });

  test('refuses what mlx-lm has no place for', async (t) => {
    for (const config of [{ modules_to_save: ['lm_head'] }, { target_modules: ['embed_tokens'] }]) {
      const { request } = await tiny(t, 'mlx', config);
      await assert.rejects(exportAdapter(request), failing('export-needs-merge'));
      await assert.rejects(readdir(request.output));
    }
  });

  test('import says what is wrong with a folder', async (t) => {
    const folder = await temporaryFolder(t);
    const request = { from: folder, output: path.join(folder, 'out'), baseModel: null, overwrite: false };
    await assert.rejects(importMlx(request), failing('mlx-adapter-missing'));
    const tensor = { name: 'model.layers.0.self_attn.q_proj.lora_a', shape: [2, 3], data: new Float32Array(6) };
    await writeSafetensors(path.join(folder, 'adapters.safetensors'), [tensor]);
    const parameters = { rank: 3, scale: 2 };
    for (const [config, code] of [
      [{ fine_tune_type: 'dora', lora_parameters: parameters }, 'mlx-adapter-unsupported'],
      [{ lora_parameters: { rank: 3 } }, 'mlx-adapter-broken'],
      [{ lora_parameters: parameters }, 'mlx-adapter-broken'],
    ] as const) {
      await writeJson(path.join(folder, 'adapter_config.json'), config);
      await assert.rejects(importMlx(request), failing(code));
    }
  });
});

describe('ollama', () => {
  test('writes a Modelfile with paths from its own folder and the stops', async (t) => {
    const { folder, request } = await tiny(t, 'ollama');
    const output = path.join(folder, 'Modelfile');
    const { notes } = await exportAdapter({ ...request, output });
    assert.equal(
      await readFile(output, 'utf8'),
      '# For `ollama create NAME -f FILE`. Paths start at the folder of this file.\n' +
        'FROM ./model\nADAPTER ./my\nPARAMETER stop "</s>"\n',
    );
    assert.match(notes.join(' '), /ollama create my -f .*no chat template/);
  });

  const chatml =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
  const withDefault = `{% if messages[0].role != 'system' %}{{ '<|im_start|>system\\nBe kind.<|im_end|>\\n' }}{% endif %}${chatml}`;

  for (const [what, template, expected] of [
    [
      'a known chat template in its words',
      `{{ bos_token }}${chatml}`,
      /TEMPLATE """[^]*<\|im_start\|>assistant\n"""\nPARAM/,
    ],
    ['the message of the system that a template puts in', withDefault, /TEMPLATE """[^]*"""\nSYSTEM """Be kind\."""\n/],
    ['no template where none is known', '{% for m in messages %}{{ m.content }}#{% endfor %}', /ADAPTER \.\/my\nPARAM/],
  ] as const) {
    test(`has ${what}`, async (t) => {
      const { folder, base, request } = await tiny(t, 'ollama');
      await writeFile(path.join(base, 'chat_template.jinja'), template);
      const output = path.join(folder, 'Modelfile');
      await exportAdapter({ ...request, output });
      assert.match(await readFile(output, 'utf8'), expected);
    });
  }

  test('refuses models whose adapters Ollama does not read', async (t) => {
    const { base, request } = await tiny(t, 'ollama');
    const weights = await readSafetensorsHeader(path.join(base, 'model.safetensors'));
    const tensors = await Promise.all(
      [...weights.tensors.values()].map(async (entry) => ({
        ...entry,
        dtype: 'F32' as const,
        data: await readTensor(entry),
      })),
    );
    const biases = tensors
      .filter(({ name }) => /[qkv]_proj/.test(name))
      .map(({ name, shape }) => {
        const size = shape[0]!;
        return {
          name: name.replace('weight', 'bias'),
          shape: [size],
          dtype: 'F32' as const,
          data: new Float32Array(size),
        };
      });
    await writeSafetensors(path.join(base, 'model.safetensors'), [...tensors, ...biases]);
    await writeJson(path.join(base, 'config.json'), { ...tinyConfig, model_type: 'qwen2' });
    await assert.rejects(exportAdapter(request), failing('export-needs-merge'));
  });
});

describe('transformers', () => {
  test('writes a program with base model and adapter, the adapter from its own folder', async (t) => {
    const { folder, base, request } = await tiny(t, 'transformers');
    await mkdir(path.join(folder, 'scripts'));
    const output = path.join(folder, 'scripts', 'ask.py');
    await exportAdapter({ ...request, output });
    const text = await readFile(output, 'utf8');
    assert.ok(text.includes(`BASE_MODEL = ${JSON.stringify(base)}\n`));
    assert.ok(text.includes('ADAPTER = Path(__file__).parent / "../my"\n'));
  });
});

test('files are named from where they are named, unless they lie far apart', () => {
  const from = (...parts: string[]): string => path.join(path.resolve('/'), ...parts);
  assert.equal(nearPath(from('home', 'me', 'model'), from('home', 'me', 'Modelfile')), 'model');
  assert.equal(nearPath(from('home', 'me', 'model'), from('home', 'me', 'out', 'Modelfile')), '../model');
  assert.equal(nearPath(from('home', 'me'), from('home', 'me', 'ask.py')), '.');
  const far = from('data', 'model');
  for (const file of [from('home', 'Modelfile'), from('home', 'me', 'a', 'b', 'Modelfile')]) {
    assert.equal(nearPath(far, file), far.split(path.sep).join('/'));
  }
});

test('nothing is overwritten without a clear word, and formats are named', async (t) => {
  const { request } = await tiny(t, 'mlx');
  await exportAdapter(request);
  await assert.rejects(exportAdapter(request), failing('export-output-exists'));
  await exportAdapter({ ...request, overwrite: true });
  await assert.rejects(exportAdapter({ ...request, format: 'toml' }), failing('export-format-unknown'));
});
