import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { onTensorflow } from '../conformance/runtimes';

const skip = onTensorflow ? false : 'TensorFlow has a test run of its own: npm run test:tensorflow';
const scratch = mkdtempSync(path.join(tmpdir(), 'lora-tensorflow-'));
after(() => rmSync(scratch, { recursive: true }));

const cli = path.join(__dirname, 'cli.js');
/** Of losses, relative: float32 sums in another order, over all steps of a run. */
const tolerance = 1e-4;

interface Step {
  readonly type: string;
  readonly loss: number;
  readonly grad_norm: number;
}

/** The steps of a recipe on a runtime. */
function steps(runtime: string, recipe: Readonly<Record<string, unknown>>): readonly Step[] {
  const file = path.join(scratch, `${runtime}.lora.json`);
  const engine = { runtime, device: 'cpu', threads: 2 };
  writeFileSync(file, JSON.stringify({ ...recipe, engine, output: `adapter-${runtime}` }));
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'train', file, '--json'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const events = stdout.trimEnd().split('\n');
  return events.map((line) => JSON.parse(line) as Step).filter(({ type }) => type === 'step');
}

function assertSame(recipe: Readonly<Record<string, unknown>>, count: number): void {
  const [expected, actual] = [steps('onnxruntime', recipe), steps('tensorflow', recipe)];
  assert.equal(expected.length, count);
  assert.equal(actual.length, count);
  expected.forEach(({ loss, grad_norm }, i) => {
    const close = (x: number, y: number): boolean => Math.abs(x - y) <= tolerance * Math.abs(y);
    assert.ok(close(actual[i]!.loss, loss), `step ${i + 1}: loss ${actual[i]!.loss}, expected ${loss}`);
    assert.ok(close(actual[i]!.grad_norm, grad_norm), `step ${i + 1}: gradient`);
  });
}

describe('TensorFlow trains as ONNX Runtime does', { skip }, () => {
  test('the bundled model, with adapters', () => {
    for (const name of ['model', 'data.jsonl']) {
      cpSync(path.resolve('examples/numbers', name), path.join(scratch, name), { recursive: true });
    }
    assertSame(
      {
        base_model: 'model',
        lora: { r: 2, lora_alpha: 4, target_modules: 'all-linear' },
        dataset: { path: 'data.jsonl', max_length: 64, eval_split: 0 },
        training: { max_steps: 40, per_device_train_batch_size: 8, learning_rate: 1e-2 },
      },
      40,
    );
  });

  test('stories15M, recomputing blocks', () => {
    const base = path.resolve(process.env['LORA_TEST_DATA'] ?? '../shared/data', 'models/stories15M');
    const text = JSON.stringify({ text: readFileSync('README.md', 'utf8').slice(0, 600) });
    writeFileSync(path.join(scratch, 'texts.jsonl'), `${text}\n`.repeat(8));
    assertSame(
      {
        base_model: base,
        lora: { r: 8, lora_alpha: 16, target_modules: ['q_proj', 'v_proj'] },
        dataset: { path: 'texts.jsonl', format: 'text', max_length: 128, eval_split: 0 },
        training: {
          max_steps: 4,
          per_device_train_batch_size: 2,
          learning_rate: 1e-3,
          gradient_checkpointing: true,
        },
      },
      4,
    );
  });
});
