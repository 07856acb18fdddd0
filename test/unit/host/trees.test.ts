import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { readAdapterFacts } from '../../../src/host/adapters/adapterFacts';
import { EngineCrash } from '../../../src/host/engine/engineCrash';
import type { Job } from '../../../src/host/runs/job';
import { endNotice, unbegunNotice } from '../../../src/host/status/endNotice';
import { adapterTree } from '../../../src/host/trees/adapterTree';
import { recipeTree } from '../../../src/host/trees/recipeTree';
import { runTree } from '../../../src/host/trees/runTree';
import type { TreeNode } from '../../../src/host/trees/treeNode';
import { parseRecipe } from '../../../src/recipe/parse';
import type { RunSummary } from '../../../src/run/answers';
import { applyEvents, emptyRun } from '../../../src/run/runState';
import type { StepEvent } from '../../../src/run/trainingEvent';

/** `label | description`, children indented. */
function drawn(nodes: readonly TreeNode[], indent = ''): readonly string[] {
  return nodes.flatMap(({ label, description, children }) => [
    `${indent}${label} | ${description ?? ''}`,
    ...drawn(children ?? [], `${indent}  `),
  ]);
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lora-trees-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('the Adapters view', () => {
  test('shows what an adapter trained here says about itself', async (t) => {
    const folder = path.join(temporaryFolder(t), 'count');
    cpSync('test/unit/host/fixtures/trained', folder, { recursive: true });
    writeFileSync(path.join(folder, 'adapter_model.safetensors'), Buffer.alloc(16384));
    assert.deepEqual(drawn(adapterTree([await readAdapterFacts(folder)])), [
      'count | on numbers · r 2 · 16.4 kB · loss 0.1487',
      '  base model | ./models/numbers',
      '  final loss | 0.14867',
      '  optimizer steps | 150',
      '  r | 2',
      '  lora_alpha | 4',
      '  target_modules | q_proj, v_proj',
      '  file | data.jsonl',
      '  rows | 90',
      '  learning_rate | 0.01',
      '  README.md | 261 bytes',
      '  adapter_config.json | 146 bytes',
      '  adapter_model.safetensors | 16.4 kB',
    ]);
  });

  test('shows an adapter of PEFT, which says less', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(
      path.join(folder, 'adapter_config.json'),
      JSON.stringify({ peft_type: 'LORA', base_model_name_or_path: 'org/model', r: 16, target_modules: '.*_proj' }),
    );
    writeFileSync(path.join(folder, 'adapter_model.safetensors'), '');
    const [node] = adapterTree([await readAdapterFacts(folder)]);
    assert.equal(node?.description, 'on model · r 16 · 0 bytes');
  });

  for (const [what, files, problem] of [
    ['without weights', { 'adapter_config.json': '{"peft_type": "LORA"}' }, /safetensors is missing/],
    [
      'with pickled weights',
      { 'adapter_config.json': '{"peft_type": "LORA"}', 'adapter_model.bin': '' },
      /save it again/,
    ],
    ['of another type', { 'adapter_config.json': '{"peft_type": "IA3"}' }, /"IA3"; only LORA/],
    ['with a broken file', { 'adapter_config.json': '[' }, /not readable JSON/],
  ] as const) {
    test(`says why an adapter ${what} cannot be used`, async (t) => {
      const folder = temporaryFolder(t);
      for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
      const facts = await readAdapterFacts(folder);
      assert.match(facts.problem ?? '', problem);
      assert.equal(adapterTree([facts])[0]?.description, 'cannot be used');
    });
  }
});

function summary(facts: Partial<RunSummary>): RunSummary {
  const run = facts.run ?? 'count-1';
  return {
    run,
    folder: `/w/.lora/runs/${run}`,
    recipe: '/w/count.lora.json',
    name: 'count',
    status: 'finished',
    step: 150,
    total_steps: 150,
    loss: 0.14867,
    started: '2026-01-02T03:04:05.000Z',
    resumable: false,
    adapter: null,
    ...facts,
  };
}

const step: StepEvent = {
  type: 'step',
  step: 34,
  epoch: 1,
  loss: 0.42168,
  learning_rate: 0.01,
  grad_norm: 1,
  mean_token_accuracy: 0.5,
  num_tokens: 100,
  tokens_per_second: 10,
  eta_seconds: 12,
  memory_bytes: 1,
};

function job(facts: Partial<Job>): Job {
  const began = { type: 'started', run: 'count-2', folder: '/w/.lora/runs/count-2', total_steps: 150 } as const;
  return {
    id: 1,
    request: { recipeFile: '/w/count.lora.json' },
    name: 'count',
    phase: 'running',
    state: applyEvents(emptyRun, [began, step]),
    folder: began.folder,
    end: Promise.resolve({ kind: 'finished' }),
    ...facts,
  };
}

describe('the Runs view', () => {
  test('shows what trains, then what waits, then what is on disk', () => {
    const waiting = job({ phase: 'waiting', state: emptyRun, folder: null, name: 'next' });
    const runs = [
      summary({ run: 'count-2', status: 'running' }),
      summary({}),
      summary({ run: 'count-0', status: 'interrupted', resumable: true, step: 60, loss: null }),
    ];
    const nodes = runTree(runs, [job({}), waiting]);
    assert.deepEqual(drawn(nodes), [
      'count | 34/150 · loss 0.4217 · 12 s left',
      'next | waits for its turn',
      'count | loss 0.1487 · 150/150 · finished',
      'count | interrupted, can be resumed · 60/150',
    ]);
    assert.deepEqual(
      nodes.map(({ context }) => context),
      ['run.running', 'run.waiting', 'run.finished', 'run.resumable'],
    );
  });

  test('gives every line an id of its own', () => {
    const waiting = [1, 2].map((id) => job({ id, phase: 'waiting', state: emptyRun, folder: null }));
    const ids = runTree([summary({})], waiting).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('says that another program trains a run', () => {
    const [node] = runTree([summary({ status: 'running' })], []);
    assert.deepEqual(
      [node?.context, node?.description],
      ['run.elsewhere', 'is trained by another program · loss 0.1487 · 150/150'],
    );
  });
});

test('the Recipes view shows problems, the latest run, and where the recipe is', () => {
  const broken = parseRecipe('{\n  "base_model": "m",\n  "dataset": { "path": 5 } }').problems;
  const recipes = [
    { file: '/w/count.lora.json', shown: 'count.lora.json', problems: [] },
    { file: '/w/a/new.lora.json', shown: 'a/new.lora.json', problems: [] },
    { file: '/w/b/bad.lora.json', shown: 'b/bad.lora.json', problems: broken },
  ];
  const nodes = recipeTree(recipes, [summary({ status: 'cancelled' }), summary({ run: 'count-0' })]);
  assert.deepEqual(drawn(nodes), [
    'new | not trained yet · a',
    `bad | ${broken.length === 1 ? '1 problem' : `${broken.length} problems`} · b`,
    'count | cancelled',
  ]);
  assert.match(nodes[1]?.tooltip ?? '', /line 3/);
  assert.equal(nodes[1]?.context, 'recipe.broken');
});

describe('the notice at the end of a run', () => {
  const finished = {
    type: 'finished',
    adapter: '/w/adapters/count',
    steps: 150,
    loss: 0.14867,
    eval_loss: null,
  } as const;

  test('says what became of the loss', () => {
    const done = job({ state: applyEvents(job({}).state, [finished]) });
    const notice = endNotice(done, { kind: 'finished' });
    assert.equal(notice?.text, '"count" is trained: 150 steps, loss 0.4217 → 0.1487.');
    assert.deepEqual(notice.actions, ['try', 'adapter', 'dashboard']);
  });

  test('offers to resume what was stopped, and says nothing of what never began', () => {
    assert.deepEqual(endNotice(job({}), { kind: 'cancelled' })?.actions, ['resume', 'dashboard']);
    assert.equal(endNotice(job({ folder: null }), { kind: 'cancelled' }), undefined);
  });

  test('shows the last lines of an engine that ended', () => {
    const crash = new EngineCrash('The engine ended unexpectedly (SIGKILL).', ['one', 'two'], null, 'SIGKILL');
    const notice = endNotice(job({}), { kind: 'crashed', crash });
    assert.match(notice?.text ?? '', /SIGKILL.*one ⏎ two/);
    assert.deepEqual(notice?.actions, ['resume', 'log']);
  });

  test('tells a run whose engine ended before it began from one that can go on', () => {
    const greeting = 'Engine process 7 on Node v22.0.0.';
    const crash = new EngineCrash('The engine ended unexpectedly (exit code 1).', [greeting], 1);
    const unbegun = endNotice(job({ folder: null }), { kind: 'crashed', crash });
    assert.match(unbegun?.text ?? '', /Nothing was trained yet: train again\.$/);
    assert.deepEqual(unbegun?.actions, ['log']);
    assert.match(endNotice(job({}), { kind: 'crashed', crash })?.text ?? '', /resumed from its last checkpoint/);
  });

  test('of a run that never began says so', () => {
    assert.deepEqual(unbegunNotice('count').actions, ['again']);
  });

  test('shows the next step and the place of a failure', () => {
    const failure = new Failure('wrong', 'It is wrong.', { hint: 'Mend it.', place: { file: '/w/a.jsonl', line: 3 } });
    const notice = endNotice(job({}), { kind: 'failed', failure });
    assert.equal(notice?.text, '"count": It is wrong. Mend it. See a.jsonl:3.');
    assert.deepEqual(notice.actions, ['open-place', 'log']);
  });
});
