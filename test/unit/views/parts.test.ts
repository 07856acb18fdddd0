import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { emptyRun, smoothed } from '../../../src/run/runState';
import { packSteps } from '../../../src/run/viewProtocol';
import { comparedFigures, saving } from '../../../src/views/dashboard/comparison';
import { healthBands, healthOf } from '../../../src/views/dashboard/gradHealth';
import { pan, reveal, zoom } from '../../../src/views/dashboard/span';
import { StepTable } from '../../../src/views/dashboard/stepTable';
import { happenings } from '../../../src/views/dashboard/words';
import { plan, step } from './events';

const steps = (count: number): ReturnType<typeof step>[] => Array.from({ length: count }, (_, at) => step(at + 1));

describe('the table of steps', () => {
  test('holds what was packed and what was appended', () => {
    const table = new StepTable(packSteps(steps(3)), 0);
    for (let at = 4; at <= 1000; at++) table.append(step(at));
    assert.deepEqual(
      [...table.column('step')],
      steps(1000).map((event) => event.step),
    );
    assert.deepEqual(
      [...table.column('loss')],
      steps(1000).map(({ loss }) => loss),
    );
  });

  test('smooths as the command line does, however it grew', () => {
    const table = new StepTable(packSteps(steps(10)), 10);
    table.smoothed();
    for (const event of steps(300).slice(10)) {
      table.append(event);
      if (event.step % 7 === 0) table.smoothed();
    }
    assert.deepEqual(
      [...table.smoothed()],
      smoothed(
        steps(300).map(({ loss }) => loss),
        10,
      ),
    );
  });

  test('smooths anew after the run went back to a checkpoint', () => {
    const table = new StepTable(packSteps(steps(50)), 5);
    table.smoothed();
    table.cutAfter(20);
    table.append({ ...step(21), loss: 9 });
    const losses = [...steps(20).map(({ loss }) => loss), 9];
    assert.deepEqual([...table.smoothed()], smoothed(losses, 5));
  });

  test('smooths on after a loss that was not a number', () => {
    const broken = { ...step(2), loss: null as unknown as number };
    const table = new StepTable(packSteps([step(1), broken, step(3)]), 10);
    assert.ok(Number.isNaN(table.column('loss')[1]));
    assert.ok(Number.isFinite(table.smoothed()[2]));
  });
});

describe('the visible steps', () => {
  const all = { from: 1, to: 101 };
  test('shrink around the pointer', () => assert.deepEqual(zoom(all, all, 0.5, 26), { from: 13.5, to: 63.5 }));
  test('never leave the run', () => assert.deepEqual(zoom({ from: 1, to: 21 }, all, 2, 20), { from: 1, to: 41 }));
  test('never become more than all', () => assert.deepEqual(zoom(all, all, 3, 50), all));
  test('never become less than a few', () => {
    const { from, to } = zoom({ from: 50, to: 55 }, all, 0.01, 52);
    assert.equal(to - from, 4);
  });
  test('move', () => assert.deepEqual(pan({ from: 1, to: 21 }, all, 0.5), { from: 11, to: 31 }));
  test('move to the end and stop there', () => {
    assert.deepEqual(pan({ from: 71, to: 91 }, all, 3), { from: 81, to: 101 });
  });
  test('follow the cursor', () => assert.deepEqual(reveal({ from: 10, to: 20 }, all, 25), { from: 15, to: 25 }));
});

describe('gradient norms', () => {
  const usual = new Float64Array(100).map((_, at) => 1 + (at % 3) / 10);
  const withLast = (...last: number[]): Float64Array => Float64Array.from([...usual, ...last]);
  const verdict = (norms: Float64Array): string => healthOf(norms, healthBands(norms));
  test('are not judged before there are some', () => assert.equal(verdict(usual.subarray(0, 5)), 'unknown'));
  test('are steady near their median', () => assert.equal(verdict(usual), 'steady'));
  test('are jumpy beyond three times of it', () => assert.equal(verdict(withLast(4, 1, 1)), 'jumpy'));
  test('explode beyond ten times of it', () => assert.equal(verdict(withLast(40, 1)), 'exploding'));
  test('explode where they are infinite', () => assert.equal(verdict(withLast(Infinity, 1)), 'exploding'));
  test('say nothing of a step that was skipped', () => assert.equal(verdict(withLast(Number.NaN, 1)), 'steady'));
  test('are judged by the last steps only', () => {
    assert.equal(verdict(Float64Array.from([90, 90, ...usual])), 'steady');
  });
});

describe('LoRA against full fine-tuning', () => {
  const row = (label: string): ReturnType<typeof comparedFigures>[number] =>
    comparedFigures(plan).find((figure) => figure.label === label)!;
  test('counts parameters', () => assert.equal(saving(row('Parameters trained')), '166 × less'));
  test('counts the optimizer’s two numbers', () => {
    assert.equal(row('Optimizer memory').full, 8 * plan.full.trainable_params);
    assert.equal(row('Optimizer memory').lora, 8 * plan.adapter.trainable_params);
  });
  test('compares a file with a file', () => assert.equal(row('File to keep or share').lora, plan.adapter.file_bytes));
  test('does not praise a small difference', () => {
    assert.equal(saving({ ...row('Memory while training'), full: 101, lora: 100 }), 'about the same');
    assert.equal(saving({ ...row('Memory while training'), full: 100, lora: 125 }), '1.3 × more');
  });
  test('has one side where the run trains everything', () => {
    assert.ok(comparedFigures({ ...plan, method: 'full' }).every(({ lora }) => lora === undefined));
  });
});

describe('what happened', () => {
  const proof = { type: 'proof', modules: 14, changed_modules: 14, logits_difference: 12.3, rounding: 5.8e-6 } as const;
  test('names the proof in words', () => {
    const [first] = happenings({ ...emptyRun, proof });
    assert.match(first!.text, /14 of 14 trained layers are different/);
    assert.match(first!.hint!, /up to 12\.30; rounding alone could move them by 5\.80e-6/);
  });
  test('begins with the end', () => {
    const error = { type: 'error', code: 'x', message: 'The disk is full.', hint: 'Make room.' } as const;
    assert.equal(happenings({ ...emptyRun, proof, error })[0]!.text, 'The disk is full.');
  });
  test('names each note once', () => {
    const warnings = [{ type: 'warning', code: 'w', message: 'Short rows.', hint: null }] as const;
    const run = { ...emptyRun, warnings, plan: { ...plan, warnings: ['Short rows.', 'Few rows.'] } };
    assert.deepEqual(
      happenings(run).map(({ text }) => text),
      ['Short rows.', 'Few rows.'],
    );
  });
});
