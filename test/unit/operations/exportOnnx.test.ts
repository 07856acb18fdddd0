import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import { readAdapterFolder } from '../../../src/engine/formats/adapterFolder';
import { attach } from '../../../src/engine/operations/attached';
import { exportAdapter } from '../../../src/engine/operations/export/exportAdapter';
import type { ExportSource } from '../../../src/engine/operations/export/exportFormat';
import { onnxFormatWith } from '../../../src/engine/operations/export/onnx';
import { floats } from '../../../src/engine/runtime/runtime';
import { writeTinyAdapter } from '../../tiny/adapter';
import { writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';
import { exporting } from './ggufProject';

const families: Readonly<Record<string, readonly string[]>> = {
  llama: ['k_proj', 'q_proj', 'v_proj', 'down_proj'],
  'llama-biases': ['q_proj', 'o_proj'],
  mistral: ['q_proj', 'k_proj'],
  qwen2: ['q_proj', 'up_proj'],
  qwen3: ['k_proj', 'gate_proj'],
  gpt2: ['c_attn', 'c_fc'],
};

describe('an adapter as ONNX', () => {
  for (const [family, targets] of Object.entries(families)) {
    test(`is one model with the inputs and outputs that Transformers.js looks for (${family})`, async (t) => {
      const { folder, adapter } = await exporting(t, family, targets);
      const output = path.join(folder, 'out');
      const exported = await exportAdapter({ format: 'onnx', adapter, baseModel: null, output, overwrite: false });
      assert.match(exported.notes[0]!, /differ from base and adapter by .* at \d+ tokens/);
      assert.deepEqual((await readdir(output, { recursive: true })).sort(), [
        'config.json',
        'generation_config.json',
        'onnx',
        path.join('onnx', 'model.onnx'),
        'tokenizer.json',
        'tokenizer_config.json',
      ]);
      const session = await InferenceSession.create(path.join(output, 'onnx', 'model.onnx'));
      const config = JSON.parse(await readFile(path.join(output, 'config.json'), 'utf8')) as Record<string, unknown>;
      const blocks = Number(config['num_hidden_layers'] ?? config['n_layer']);
      const pairs = (prefix: string): string[] =>
        Array.from({ length: blocks }, (_, i) => [`${prefix}.${i}.key`, `${prefix}.${i}.value`]).flat();
      const inputs = ['input_ids', 'attention_mask', 'position_ids', ...pairs('past_key_values')];
      assert.deepEqual([...session.inputNames].sort(), inputs.sort());
      assert.deepEqual([...session.outputNames].sort(), ['logits', ...pairs('present')].sort());
      assert.deepEqual(config['transformers.js_config'], { dtype: 'fp32' });
      await session.release();
    });
  }
});

/** Logits of the last token of each row. */
async function lastLogits(session: InferenceSession, rows: readonly (readonly number[])[]): Promise<Float32Array[]> {
  const width = Math.max(...rows.map((row) => row.length));
  const padded = rows.map((row) => [...Array<number>(width - row.length).fill(0), ...row]);
  const mask = rows.map((row) => [...Array<number>(width - row.length).fill(0), ...row.map(() => 1)]);
  const positions = mask.map((row) => {
    let seen = 0;
    return row.map((isToken) => (isToken === 1 ? seen++ : 1));
  });
  const whole = (table: readonly (readonly number[])[]): Tensor =>
    new Tensor('int64', BigInt64Array.from(table.flat(), BigInt), [table.length, table[0]!.length]);
  let cache: Record<string, Tensor> = {};
  for (const name of session.inputNames.filter((one) => one.startsWith('past'))) {
    cache[name] = new Tensor('float32', new Float32Array(0), [rows.length, 2, 0, 8]);
  }
  // A prompt, then the rest token by token, as texts are made.
  let last: Tensor | undefined;
  const cuts = [0, width - 3, width - 2, width - 1, width];
  for (const [i, to] of cuts.slice(1).entries()) {
    const part = (table: readonly (readonly number[])[]): Tensor => whole(table.map((row) => row.slice(cuts[i], to)));
    const results = await session.run({
      input_ids: part(padded),
      position_ids: part(positions),
      attention_mask: whole(mask.map((row) => row.slice(0, to))),
      ...cache,
    });
    last = results['logits'];
    cache = Object.fromEntries(
      Object.keys(cache).map((name) => [name, results[name.replace('past_key_values', 'present')]!]),
    );
  }
  const [count, length, vocabulary] = last!.dims as readonly [number, number, number];
  const data = last!.data as Float32Array;
  return Array.from({ length: count }, (_, row) => {
    return data.slice(((row + 1) * length - 1) * vocabulary, (row + 1) * length * vocabulary);
  });
}

test('rows that begin with padding answer as they do alone, and weights may lie beside the model', async (t) => {
  const folder = await temporaryFolder(t);
  const [base, adapter, output] = ['model', 'my', 'out'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeTinyModel(base);
  // The shared embedding and head become two weights.
  await writeTinyAdapter(adapter, base, { target_modules: ['q_proj', 'lm_head'] });
  const opened = await openBaseModel(base, '.');
  const { adapter: plan, tensors } = await attach(opened, adapter, 1);
  const source: ExportSource = {
    name: 'my',
    folder: adapter,
    config: (await readAdapterFolder(adapter)).config,
    base: opened,
    adapter: plan,
    values: new Map(plan.trainables.map(({ name }) => [name, floats(tensors, name)])),
    signal: new AbortController().signal,
  };
  await mkdir(output);
  const notes = await onnxFormatWith(1000).write(source, output, output);
  assert.match(notes.join(' '), /lie beside the model, in onnx\/model\.onnx_data/);
  const config = JSON.parse(await readFile(path.join(output, 'config.json'), 'utf8')) as Record<string, unknown>;
  assert.deepEqual(config['transformers.js_config'], { dtype: 'fp32', use_external_data_format: true });
  assert.equal(config['tie_word_embeddings'], false);
  const session = await InferenceSession.create(path.join(output, 'onnx', 'model.onnx'));
  const rows = [
    [1, 40, 41, 42, 43, 44, 45, 46],
    [1, 50, 51, 52, 53],
  ];
  const together = await lastLogits(session, rows);
  for (const [i, row] of rows.entries()) {
    const [alone] = await lastLogits(session, [row]);
    alone!.forEach((value, k) => assert.ok(Math.abs(value - together[i]![k]!) < 1e-4, `row ${i}, token ${k}`));
  }
  await session.release();
});
