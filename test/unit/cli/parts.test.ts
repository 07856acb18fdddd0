import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InterruptCounter } from '../../../src/cli/interrupt';
import { planLines } from '../../../src/cli/planText';
import { Terminal } from '../../../src/cli/terminal';
import { parseWeightedAdapter } from '../../../src/cli/weightedAdapter';
import type { Plan } from '../../../src/run/plan';

describe('Ctrl-C', () => {
  function presses(...times: readonly number[]): readonly string[] {
    const counter = new InterruptCounter();
    return times.map((time) => counter.press(time));
  }

  test('asks first and forces within two seconds', () => {
    assert.deepEqual(presses(0, 1500), ['ask', 'force']);
  });

  test('has patience with a slow second press, not with a third', () => {
    assert.deepEqual(presses(0, 5000, 9000), ['ask', 'wait', 'force']);
  });

  test('counts a press once that npm passed on as well', () => {
    assert.deepEqual(presses(1000, 1003, 2000), ['ask', 'wait', 'force']);
  });
});

describe('an adapter with a weight', () => {
  const unix = { cwd: '/w', isWindows: false, isFolder: () => false };
  const windows = { cwd: 'C:\\w', isWindows: true, isFolder: () => false };
  for (const [text, around, folder, weight] of [
    ['a', unix, '/w/a', 1],
    ['a:0.5', unix, '/w/a', 0.5],
    ['a:-1', unix, '/w/a', -1],
    ['/x/a:1e-1', unix, '/x/a', 0.1],
    ['a:b', unix, '/w/a:b', 1],
    ['a:', unix, '/w/a:', 1],
    ['a:1:2', unix, '/w/a:1', 2],
    ['run:2', { ...unix, isFolder: () => true }, '/w/run:2', 1],
    ['C:\\a', windows, 'C:\\a', 1],
    ['C:\\a:0.5', windows, 'C:\\a', 0.5],
    ['C:/a:2', windows, 'C:\\a', 2],
    ['adapters\\a:0.5', windows, 'C:\\w\\adapters\\a', 0.5],
  ] as const) {
    test(`${text} on ${around.isWindows ? 'Windows' : 'Linux'}`, () => {
      assert.deepEqual(parseWeightedAdapter(text, around), { folder, weight });
    });
  }
});

test('a letter before the colon is a drive on Windows, whatever follows', () => {
  const { weight } = parseWeightedAdapter('d:0.5', { cwd: 'C:\\w', isWindows: true, isFolder: () => false });
  assert.equal(weight, 1);
});

describe('the plan for people', () => {
  const plan: Plan = {
    name: 'support-bot',
    base_model: './m',
    family: 'llama',
    method: 'lora',
    adapter: {
      trainable_params: 92_160,
      all_params: 15_283_872,
      trainable_percent: 0.603,
      file_bytes: 370_000,
      modules: [],
    },
    targets: [
      { entry: 'q_proj', matches: 6 },
      { entry: 'lm_head', matches: 1 },
    ],
    full: { trainable_params: 15_191_712 },
    memory: { lora_bytes: 1e9, full_bytes: 2e9, device_bytes: null },
    data: {
      rows: 1000,
      eval_rows: 50,
      tokens: 44_034,
      supervised_tokens: 20_000,
      steps_per_epoch: 125,
      total_steps: 375,
      estimated: false,
    },
    compute: {
      runtime: 'onnxruntime',
      device: 'cpu',
      device_reason: 'No other device can be used here.',
      precision: 'fp32',
      threads: 2,
      gradient_checkpointing: 'auto',
      max_length: 256,
    },
    warnings: ['Few rows.'],
  };

  function lines(changes: Partial<Plan> = {}): string {
    const stream = { write: () => undefined };
    const environment = { LANG: 'en_US.UTF-8' };
    const terminal = new Terminal(stream, {
      stdout: stream,
      stderr: stream,
      isInteractive: false,
      cwd: '/',
      environment,
      platform: 'linux',
    });
    return planLines({ ...plan, ...changes }, terminal).join('\n');
  }

  test('compares the adapter with full fine-tuning, in numbers and bars', () => {
    assert.match(
      lines(),
      /\n {2}LoRA adapter {10}92,160 {2}▏ 0\.61 %\n {2}full fine-tuning {2}15,191,712 {2}█{30} 100 %\n/,
    );
    assert.match(lines(), /\n {2}LoRA adapter {6}1\.00 GB {2}█{15}\n {2}full fine-tuning {2}2\.00 GB {2}█{30}\n/);
  });

  test('says what is adapted, on what data, by what', () => {
    assert.match(lines(), /\nAdapted: q_proj \(6 layers\), lm_head \(1 layer\)\n/);
    assert.match(
      lines(),
      /\nData: 1,000 rows with 44,034 tokens, 20,000 of them to be learnt, and 50 rows to measure progress; 375 steps, 125 in an epoch\n/,
    );
    assert.match(lines(), /\nComputed by onnxruntime on cpu in fp32 with 2 threads; rows of up to 256 tokens/);
    assert.match(lines(), /\nwarning: Few rows\.$/);
  });

  test('calls an estimate one', () => {
    assert.match(lines({ data: { ...plan.data, estimated: true } }), /\nData: about 1,000 rows/);
  });

  test('does not compare full fine-tuning with itself', () => {
    const text = lines({ method: 'full', targets: [] });
    assert.match(text, /Trained: all 15,191,712 numbers/);
    assert.doesNotMatch(text, /LoRA adapter/);
  });
});
