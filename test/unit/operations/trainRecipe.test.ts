import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { readAdapterFolder } from '../../../src/engine/formats/adapterFolder';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import { jsonLines, tinyRows } from '../../tiny/recipe';
import { engine, load, project, tensorsOf, train } from './engine';

type EventOf<Type> = Extract<TrainingEvent, { type: Type }>;

function only<Type extends TrainingEvent['type']>(events: readonly TrainingEvent[], type: Type): EventOf<Type>[] {
  return events.filter((event): event is EventOf<Type> => event.type === type);
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const outcome: unknown = await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof Failure, String(outcome));
  return outcome;
}

describe('training a recipe', () => {
  test('tells what it does from the plan to the finished adapter', async (t) => {
    const tiny = await project(t, { dataset: { eval_split: 0.2 }, training: { sample_prompts: ['1 + 1 ='] } });
    const { events, outcome } = await train(tiny);
    assert.equal(outcome, 'finished');
    assert.deepEqual(
      events.map(({ type }) => type),
      [
        'plan',
        'started',
        'sample',
        'step',
        'step',
        'step',
        'step',
        'eval',
        'sample',
        'checkpoint',
        'proof',
        'finished',
      ],
    );
    const [plan] = only(events, 'plan');
    const planned = await engine.plan(await load(tiny));
    assert.deepEqual(plan, { type: 'plan', ...planned });
    const [finished] = only(events, 'finished');
    assert.deepEqual(
      [finished!.adapter, finished!.steps, finished!.eval_loss],
      [tiny.output, 4, only(events, 'eval')[0]!.eval_loss],
    );
    assert.match(only(events, 'sample')[0]!.text, /^[^<]*$/);
  });

  test('keeps the best step where the recipe asks for that, and tells it beside the steps it made', async (t) => {
    const tiny = await project(t, {
      dataset: { eval_split: 0.2 },
      // Far too fast: what is learnt is lost again.
      training: { load_best_model_at_end: true, learning_rate: 0.5, max_steps: 6, eval_steps: 1, save_steps: 1 },
    });
    const { events } = await train(tiny);
    const best = only(events, 'eval').reduce((least, at) => (at.eval_loss < least.eval_loss ? at : least));
    assert.ok(best.step < 6, 'the last step must not be the best one here');
    const [finished] = only(events, 'finished');
    assert.deepEqual([finished!.steps, finished!.best_step, finished!.eval_loss], [6, best.step, best.eval_loss]);
    const again = await train(tiny, { resume: 'latest' });
    assert.deepEqual(again.events.at(-1), finished);
  });

  test('begins no run on a computer that ONNX Runtime does not exist for; there it plans', async (t) => {
    const { platform, arch } = process;
    const pretend = (system: string, processor: string): void => {
      Object.defineProperty(process, 'platform', { value: system });
      Object.defineProperty(process, 'arch', { value: processor });
    };
    const tiny = await project(t);
    t.after(() => pretend(platform, arch));
    pretend('darwin', 'x64');
    assert.equal((await failure(train(tiny))).code, 'platform-not-supported');
    assert.deepEqual(await engine.runs(tiny.folder), []);
    assert.equal((await engine.plan(await load(tiny))).data.total_steps, 4);
  });

  test('leaves a run folder with plan, recipe, state, log and every event', async (t) => {
    const tiny = await project(t);
    const { events } = await train(tiny);
    const { folder } = only(events, 'started')[0]!;
    assert.deepEqual((await readdir(folder)).sort(), [
      ...['checkpoints', 'log.txt', 'metrics.jsonl', 'plan.json', 'recipe.lora.json', 'state.json'],
    ]);
    const metrics = (await readFile(path.join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    assert.deepEqual(
      metrics.map((line) => JSON.parse(line) as unknown),
      events,
    );
    assert.equal(await readFile(path.join(folder, 'recipe.lora.json'), 'utf8'), await readFile(tiny.recipe, 'utf8'));
    const [run] = await engine.runs(tiny.folder);
    assert.deepEqual([run!.status, run!.step, run!.total_steps, run!.adapter], ['finished', 4, 4, tiny.output]);
  });

  test('writes an adapter with PEFT’s names and shapes, and where its targets were', async (t) => {
    const tiny = await project(t, { lora: { target_modules: ['q_proj', 'down_proj'] } });
    await train(tiny);
    const { config, tensors } = await readAdapterFolder(tiny.output);
    assert.deepEqual([config.r, config.lora_alpha, config.target_modules], [4, 8, ['q_proj', 'down_proj']]);
    const shapes = [...tensors].map(([name, { shape }]) => `${name} ${shape.join('×')}`).sort();
    assert.deepEqual(
      shapes,
      [0, 1].flatMap((layer) => [
        `model.layers.${layer}.mlp.down_proj.lora_A.weight 4×48`,
        `model.layers.${layer}.mlp.down_proj.lora_B.weight 32×4`,
        `model.layers.${layer}.self_attn.q_proj.lora_A.weight 4×32`,
        `model.layers.${layer}.self_attn.q_proj.lora_B.weight 32×4`,
      ]),
    );
  });

  test('never writes to the base model', async (t) => {
    const tiny = await project(t);
    const weights = path.join(tiny.model, 'model.safetensors');
    const [bytes, { mtimeMs }] = [await readFile(weights), await stat(weights)];
    await train(tiny);
    assert.deepEqual([await readFile(weights), (await stat(weights)).mtimeMs], [bytes, mtimeMs]);
    assert.equal((await readdir(tiny.model)).length, 4);
  });

  test('by number of epochs ends after its planned steps, with evaluation and checkpoint', async (t) => {
    const tiny = await project(t, {
      dataset: { eval_split: 0.2 },
      training: { max_steps: -1, num_train_epochs: 3, per_device_train_batch_size: 1 },
    });
    const { events } = await train(tiny);
    const total = only(events, 'plan')[0]!.data.total_steps;
    assert.deepEqual(
      only(events, 'step').map(({ step }) => step),
      Array.from({ length: total }, (_, i) => i + 1),
    );
    const last = only(events, 'step').at(-1)!;
    assert.ok(Math.abs(last.epoch - 3) < 0.3, `${last.epoch}`);
    assert.equal(only(events, 'eval').at(-1)!.step, total);
    assert.equal(only(events, 'checkpoint').at(-1)!.step, total);
  });

  test('needs a learning rate for its proof, and the first step of a warm-up has none', async (t) => {
    const tiny = await project(t, { training: { max_steps: 1, lr_scheduler_type: 'linear', warmup_ratio: 0.1 } });
    const { events, outcome } = await train(tiny);
    assert.deepEqual([outcome, only(events, 'step')[0]!.learning_rate], ['finished', 0]);
    assert.deepEqual(only(events, 'proof'), []);
  });

  test('with method full writes the whole model, which a recipe can start from', async (t) => {
    const tiny = await project(t, { method: 'full', training: { learning_rate: 1e-3 } });
    const { events } = await train(tiny);
    assert.ok(only(events, 'proof')[0]!.logits_difference > 0);
    const before = await tensorsOf(path.join(tiny.model, 'model.safetensors'));
    const after = await tensorsOf(path.join(tiny.output, 'model.safetensors'));
    assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
    assert.notDeepEqual(after, before);
    const { outcome } = await train(tiny, { set: [`base_model="${tiny.output}"`, 'method="lora"', 'output="next"'] });
    assert.equal(outcome, 'finished');
  });
});

describe('an evaluation', () => {
  test('uses at most a thousand of the rows that were set aside, and the plan says so', async (t) => {
    const tiny = await project(t, { dataset: { eval_split: 0.5 }, training: { max_steps: 1 } });
    await writeFile(tiny.data, jsonLines(tinyRows(2400)));
    const { events } = await train(tiny);
    const [plan] = only(events, 'plan');
    assert.deepEqual([plan!.data.rows, plan!.data.eval_rows], [1200, 1200]);
    assert.match(plan!.warnings.join(), /Of the 1,200 rows set aside for evaluation, 1,000 are used\./);
    assert.equal(only(events, 'warning').length, 1);
  });

  test('uses all rows of a file of their own', async (t) => {
    const tiny = await project(t, { dataset: { eval_path: 'train.jsonl' }, training: { max_steps: 1 } });
    await writeFile(tiny.data, jsonLines(tinyRows(1200)));
    assert.deepEqual((await engine.plan(await load(tiny))).warnings, []);
  });
});

describe('what is kept', () => {
  test('with load_best_model_at_end is the adapter of the lowest evaluation loss', async (t) => {
    const tiny = await project(t, {
      // The better it learns its rows, the less it expects these.
      dataset: { eval_path: 'eval.jsonl' },
      training: { max_steps: 8, eval_steps: 1, save_steps: 1, load_best_model_at_end: true, save_total_limit: 1 },
    });
    await writeFile(path.join(tiny.folder, 'eval.jsonl'), jsonLines([{ prompt: '1 + 1 =', completion: 'zzzzzz' }]));
    const { events } = await train(tiny);
    const losses = only(events, 'eval').map(({ eval_loss }) => eval_loss);
    const best = Math.min(...losses);
    const step = losses.indexOf(best) + 1;
    assert.ok(step < 8, `the best was step ${step}`);
    const { folder } = only(events, 'started')[0]!;
    const stored = await tensorsOf(path.join(folder, 'checkpoints', `step-${step}`, 'training_state.safetensors'));
    const written = await tensorsOf(path.join(tiny.output, 'adapter_model.safetensors'));
    for (const [name, values] of written) {
      assert.deepEqual(values, stored.get(`values.${name.replace('base_model.model.', '')}`));
    }
    assert.equal(only(events, 'finished')[0]!.eval_loss, best);
  });

  test('of checkpoints are the newest ones and the best', async (t) => {
    const tiny = await project(t, {
      dataset: { eval_split: 0.2 },
      training: { max_steps: 8, eval_steps: 2, save_steps: 1, save_total_limit: 2 },
    });
    const { events } = await train(tiny);
    const { folder } = only(events, 'started')[0]!;
    const kept = (await readdir(path.join(folder, 'checkpoints'))).sort();
    const best = only(events, 'eval').sort((a, b) => a.eval_loss - b.eval_loss)[0]!.step;
    assert.deepEqual(kept, best >= 7 ? ['step-7', 'step-8'] : [`step-${best}`, 'step-8']);
  });

  test('after a loss that is not finite is the last good state, and no adapter', async (t) => {
    const tiny = await project(t, { training: { max_steps: 20, learning_rate: 1e38, save_steps: 1 } });
    const events: TrainingEvent[] = [];
    const work = engine.train(await load(tiny), {
      signal: new AbortController().signal,
      onEvent: (event) => events.push(event),
    });
    const { code, exitCode } = await failure(work);
    assert.deepEqual([code, exitCode], ['training-diverged', 3]);
    const { folder } = only(events, 'started')[0]!;
    assert.deepEqual(await readdir(path.join(folder, 'checkpoints')), ['step-0']);
    const stored = await tensorsOf(path.join(folder, 'checkpoints', 'step-0', 'training_state.safetensors'));
    for (const values of stored.values()) assert.ok(values.every((value) => Math.abs(value) < 1));
    assert.equal((await engine.runs(tiny.folder))[0]!.status, 'failed');
    const metrics = (await readFile(path.join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    assert.equal((JSON.parse(metrics.at(-1)!) as TrainingEvent).type, 'error');
    await assert.rejects(stat(tiny.output), /ENOENT/);
  });

  test('of an older adapter is everything until the new one is complete', async (t) => {
    const tiny = await project(t);
    await train(tiny);
    const older = await readFile(path.join(tiny.output, 'adapter_model.safetensors'));
    await failure(train(tiny, { set: ['training.learning_rate=1e38'] }));
    assert.deepEqual(await readFile(path.join(tiny.output, 'adapter_model.safetensors')), older);
  });
});

describe('starting from an adapter', () => {
  test('goes on where it was', async (t) => {
    const tiny = await project(t, { training: { max_steps: 30 } });
    const first = await train(tiny);
    const next = await train(tiny, { set: ['lora.init_from=adapters/tiny', 'output=next'] });
    const [before, after] = [only(first.events, 'step'), only(next.events, 'step')];
    assert.ok(after[0]!.loss < 0.7 * before[0]!.loss, `${before[0]!.loss} → ${after[0]!.loss}`);
    assert.equal(only(next.events, 'started')[0]!.run === only(first.events, 'started')[0]!.run, false);
  });

  test('of another rank is refused', async (t) => {
    const tiny = await project(t);
    await train(tiny);
    const { exitCode, place } = await failure(
      train(tiny, { set: ['lora.init_from=adapters/tiny', 'lora.r=2', 'output=next'] }),
    );
    assert.deepEqual([exitCode, place?.path], [1, 'lora.init_from']);
  });
});

test('rows set aside for evaluation in which nothing is learnt are refused before training', async (t) => {
  const tiny = await project(t, { dataset: { eval_path: 'eval.jsonl' } });
  await writeFile(path.join(tiny.folder, 'eval.jsonl'), jsonLines([{ prompt: 'x'.repeat(50), completion: 'y' }]));
  const { code, place } = await failure(train(tiny));
  assert.deepEqual([code, place?.file], ['evaluation-all-masked', path.join(tiny.folder, 'eval.jsonl')]);
});
