import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Terminal, type Surroundings } from '../../../src/cli/terminal';
import { TrainProgress } from '../../../src/cli/trainProgress';
import type { StepEvent, TrainingEvent } from '../../../src/run/trainingEvent';

function step(at: number): StepEvent {
  return {
    type: 'step',
    step: at,
    epoch: at / 10,
    loss: 3 - at / 10,
    learning_rate: 2e-4,
    grad_norm: 1.5,
    mean_token_accuracy: 0.5,
    num_tokens: at * 100,
    tokens_per_second: 1234,
    eta_seconds: 20 - at,
    memory_bytes: 5e8,
  };
}

const started: TrainingEvent = { type: 'started', run: 'r1', folder: '/runs/r1', total_steps: 20 };
const steps = Array.from({ length: 20 }, (_, at) => step(at + 1));
const finished: TrainingEvent = { type: 'finished', adapter: '/a', steps: 20, loss: 1, eval_loss: 1.2 };

interface Screen {
  readonly words: string;
  readonly live: string;
}

/** Shows events to a person with or without a terminal of some width. */
function shown(
  events: readonly TrainingEvent[],
  options: { columns?: number; isBrief?: boolean; loggingSteps?: number; environment?: Record<string, string> } = {},
): Screen {
  let words = '';
  let live = '';
  let time = 0;
  const isTTY = options.columns !== undefined;
  const size = options.columns === undefined ? {} : { columns: options.columns };
  const surroundings = (write: (text: string) => void): [Surroundings['stdout'], Surroundings] => {
    const stream = { write, isTTY, ...size };
    const environment = { LANG: 'C.UTF-8', NO_COLOR: '1', ...options.environment };
    return [stream, { stdout: stream, stderr: stream, isInteractive: isTTY, cwd: '/', environment, platform: 'linux' }];
  };
  const progress = new TrainProgress({
    words: new Terminal(...surroundings((text) => (words += text))),
    live: new Terminal(...surroundings((text) => (live += text))),
    isBrief: options.isBrief ?? false,
    loggingSteps: options.loggingSteps ?? 1,
    now: () => (time += 1000),
  });
  for (const event of events) progress.show(event);
  progress.end();
  return { words, live };
}

describe('without a terminal', () => {
  test('every step is a plain line', () => {
    const { words, live } = shown([started, step(1), step(2)]);
    assert.equal(live, '');
    const rest = 'learning rate 2.00e-4  grad norm 1.500  1,234 tokens/s';
    assert.equal(
      words,
      `Run r1 in /runs/r1\nstep 1/20  loss 2.900  ${rest}  19 s left\nstep 2/20  loss 2.800  ${rest}  18 s left\n`,
    );
  });

  test('logging_steps thins them', () => {
    const { words } = shown([started, ...steps], { loggingSteps: 5 });
    assert.deepEqual(words.match(/^step \d+/gm), ['step 5', 'step 10', 'step 15', 'step 20']);
  });

  test('with --json only warnings are said', () => {
    const warning: TrainingEvent = { type: 'warning', code: 'c', message: 'Few rows.', hint: null };
    assert.equal(shown([started, warning, ...steps, finished], { isBrief: true }).words, 'warning: Few rows.\n');
  });

  test('the end is a chart, the losses and the folder', () => {
    const { words } = shown([started, ...steps, finished], { loggingSteps: 100 });
    assert.match(words, /Loss \(smoothed\)\n *2\.900 │⠉/);
    assert.match(words, /└─+\n +step 1 +20\n/);
    assert.match(words, /\nDone after 20 steps: loss 1\.000, on the evaluation rows 1\.200\.\nAdapter: \/a\n$/);
    assert.ok(!words.includes('\u001b'));
  });

  test('a stopped run says how it goes on', () => {
    const { words } = shown([started, step(1), { type: 'cancelled', step: 1, checkpoint: '/c' }]);
    assert.match(words, /Stopped after step 1\. `lora train RECIPE --resume latest` goes on/);
  });
});

describe('on a terminal', () => {
  test('one line is drawn over and over, and cleared at the end', () => {
    const { words, live } = shown([started, step(1), step(2)], { columns: 100 });
    assert.equal(words, 'Run r1 in /runs/r1\n');
    const parts = live.split('\r');
    assert.equal(parts.length, 4);
    assert.match(parts[1]!, /^step 1\/20 {2}loss 2\.900 {2}19 s left {2}1,234 tokens\/s {2}500 MB {2}━╌{19}/);
    assert.equal(parts[3], '\u001b[K');
    assert.ok(!live.includes('\n'));
  });

  for (const columns of [1, 12, 30, 50, 79]) {
    test(`the line never reaches the end of ${columns} columns`, () => {
      const { live } = shown([started, step(1)], { columns });
      const line = live.split('\r')[1]!.replace('\u001b[K', '');
      assert.ok(line.length < Math.max(2, columns), line);
    });
  }

  test('other words go above the live line', () => {
    const evaluated: TrainingEvent = { type: 'eval', step: 1, epoch: 0.1, eval_loss: 2, eval_mean_token_accuracy: 0.5 };
    const { words, live } = shown([step(1), evaluated], { columns: 80 });
    assert.equal(words, 'step 1: loss on the evaluation rows 2.000\n');
    assert.ok(live.endsWith('\r\u001b[K'));
  });

  test('colours only where they are wanted', () => {
    const colourful = { columns: 80, environment: { NO_COLOR: '' } };
    assert.ok(shown([started, ...steps, finished], colourful).words.includes('\u001b[32mDone'));
    assert.ok(!shown([started, ...steps, finished], { columns: 80 }).words.includes('\u001b'));
  });

  test('what the model wrote cannot move the cursor', () => {
    const sample: TrainingEvent = { type: 'sample', step: 1, prompt: 'Once', text: ' upon\u001b[2J\r' };
    assert.equal(shown([sample]).words, 'step 1: Once upon\ufffd[2J\ufffd\n');
  });
});
