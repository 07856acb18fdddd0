import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { greedy } from '../../../src/engine/generate/sampling';
import { TextBatch } from '../../../src/engine/generate/textBatch';
import type { BatchReader, BatchText } from '../../../src/engine/generate/textBatch';
import { canBeStacked, stackable } from '../../../src/engine/lora/stack';
import type { StackChoice } from '../../../src/engine/operations/textReaders';
import { ReferenceRuntime } from '../../../src/engine/runtime/reference/referenceRuntime';
import {
  families,
  modelOf,
  onnx,
  randomAdapter,
  randomWeights,
  readerOf,
  stackedReaderOf,
  wholeLogits,
} from './tinyFamilies';
import type { WholeLogits } from './tinyFamilies';

/** A text of so many greedy tokens, with the logits that each was chosen from. */
class Recorded<C> implements BatchText<C> {
  readonly logits: Float32Array[] = [];
  readonly chosen: number[] = [];
  failure: unknown;
  onChoice: (() => void) | undefined;

  constructor(
    readonly ids: readonly number[],
    private readonly count: number,
    readonly choice: C,
    readonly signal?: AbortSignal,
  ) {}

  choose(logits: Float32Array): number | undefined {
    this.logits.push(logits.slice());
    this.chosen.push(greedy(logits));
    this.onChoice?.();
    return this.chosen.length === this.count ? undefined : this.chosen.at(-1);
  }
  fail(error: unknown): void {
    this.failure = error;
  }
}

/** Each of the text's logits is what the model says of the whole text before. */
async function assertContinues(text: Recorded<unknown>, whole: WholeLogits): Promise<void> {
  assert.equal(text.failure, undefined);
  for (const [i, logits] of text.logits.entries()) {
    const expected = await whole([...text.ids, ...text.chosen.slice(0, i)]);
    const difference = logits.reduce((most, logit, id) => Math.max(most, Math.abs(logit - expected[id]!)), 0);
    assert.ok(difference < 2e-5, `token ${i} of ${text.ids.join()}: ${difference}`);
  }
}

const limits = { rows: 3, maxLength: 96 };
const prompt = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => (7 * i * i + 13 * seed + i) % 61);

function counted<C>(reader: BatchReader<C>, onRun: (rows: number, length: number) => void): BatchReader<C> {
  const { executable } = reader;
  return {
    ...reader,
    executable: {
      dispose: () => executable.dispose(),
      run: (inputs) => {
        onRun(inputs['ids']!.shape[0]!, inputs['ids']!.shape[1]!);
        return executable.run(inputs);
      },
    },
  };
}

for (const family of Object.keys(families)) {
  test(`${family}: texts of unequal lengths, read together, continue as each does alone`, async () => {
    const model = modelOf(family);
    const weights = randomWeights(model);
    const batch = new TextBatch(model, await readerOf(model, weights), limits);
    const texts = [5, 1, 12, 3, 30].map((length, i) => new Recorded(prompt(length, i), 4 + 3 * i, undefined));
    for (const text of texts) batch.add(text);
    await batch.settled();
    const whole = await wholeLogits(model, weights);
    for (const text of texts) {
      assert.equal(text.chosen.length, text.logits.length);
      await assertContinues(text, whole);
    }
    assert.deepEqual(
      texts.map(({ chosen }) => chosen.length),
      [4, 7, 10, 13, 16],
    );
  });
}

test('the reference runtime continues a text as ONNX Runtime does', async () => {
  const model = modelOf('qwen3');
  const weights = randomWeights(model);
  const batch = new TextBatch(model, await readerOf(model, weights, new ReferenceRuntime()), limits);
  const text = new Recorded([4, 9, 2], 3, undefined);
  batch.add(text);
  await batch.settled();
  await assertContinues(text, await wholeLogits(model, weights));
});

test('a prompt that is longer than a piece is read in pieces, between which others go on', async () => {
  const model = { ...modelOf('llama'), contextLength: 400 };
  const weights = randomWeights(model);
  const runs: string[] = [];
  const reader = counted(await readerOf(model, weights), (rows, length) => runs.push(`${rows}×${length}`));
  const batch = new TextBatch(model, reader, { rows: 3, maxLength: 400 });
  const [short, long] = [new Recorded(prompt(4, 1), 5, undefined), new Recorded(prompt(300, 2), 2, undefined)];
  batch.add(short);
  batch.add(long);
  await batch.settled();
  assert.deepEqual(runs, ['1×4', '1×1', '1×128', '1×1', '1×128', '1×1', '1×44', '2×1']);
  const whole = await wholeLogits(model, weights);
  await assertContinues(short, whole);
  await assertContinues(long, whole);
});

describe('what was read before', () => {
  test('is not read again by a text that begins alike', async () => {
    const model = modelOf('llama');
    const weights = randomWeights(model);
    const read: number[] = [];
    const reader = counted(await readerOf(model, weights), (rows, length) => read.push(rows * length));
    const batch = new TextBatch(model, reader, limits);
    const first = new Recorded(prompt(20, 1), 4, undefined);
    batch.add(first);
    await batch.settled();
    read.length = 0;
    const next = new Recorded([...first.ids, ...first.chosen, 5, 6], 3, undefined);
    batch.add(next);
    await batch.settled();
    // The last token that was chosen had not been read yet.
    assert.deepEqual(read, [3, 1, 1]);
    await assertContinues(next, await wholeLogits(model, weights));
    const same = new Recorded(first.ids, 4, undefined);
    batch.add(same);
    await batch.settled();
    assert.deepEqual(same.chosen, first.chosen);
    await assertContinues(same, await wholeLogits(model, weights));
  });

  test('is found in the row that holds most of it, while other texts are being continued', async () => {
    const model = modelOf('gpt2');
    const weights = randomWeights(model);
    const batch = new TextBatch(model, await readerOf(model, weights), limits);
    const texts = [9, 17, 6].map((length, i) => new Recorded(prompt(length, i), 3, undefined));
    for (const text of texts) batch.add(text);
    await batch.settled();
    const again = texts.map(({ ids, chosen }) => new Recorded([...ids, ...chosen, 8], 6, undefined)).reverse();
    const before = batch.readTokens;
    for (const text of again) batch.add(text);
    await batch.settled();
    assert.equal(batch.readTokens - before, 3 * (2 + 5));
    const whole = await wholeLogits(model, weights);
    for (const text of again) await assertContinues(text, whole);
  });

  test('is forgotten when the model has changed', async () => {
    const model = modelOf('llama');
    const batch = new TextBatch(model, await readerOf(model, randomWeights(model)), limits);
    batch.add(new Recorded(prompt(20, 1), 1, undefined));
    await batch.settled();
    batch.forget();
    const before = batch.readTokens;
    batch.add(new Recorded(prompt(20, 1), 1, undefined));
    await batch.settled();
    assert.equal(batch.readTokens - before, 20);
  });
});

describe('stopping', () => {
  test('ends a text before its next token, and no other', async () => {
    const model = modelOf('llama');
    const weights = randomWeights(model);
    const batch = new TextBatch(model, await readerOf(model, weights), limits);
    const stop = new AbortController();
    const texts = [1, 2, 3, 4].map(
      (i) => new Recorded(prompt(4 * i, i), 8, undefined, i === 1 ? stop.signal : undefined),
    );
    texts[0]!.onChoice = () => {
      if (texts[0]!.chosen.length === 3) stop.abort(new Error('enough'));
    };
    for (const text of texts) batch.add(text);
    await batch.settled();
    assert.equal(texts[0]!.chosen.length, 3);
    assert.match(String(texts[0]!.failure), /enough/);
    const whole = await wholeLogits(model, weights);
    for (const text of texts.slice(1)) {
      assert.equal(text.chosen.length, 8);
      await assertContinues(text, whole);
    }
  });

  test('reaches texts that wait', async () => {
    const model = modelOf('llama');
    const batch = new TextBatch(model, await readerOf(model, randomWeights(model)), { ...limits, rows: 1 });
    const stop = new AbortController();
    const [first, waiting] = [new Recorded([1], 3, undefined), new Recorded([2], 3, undefined, stop.signal)];
    first.onChoice = () => stop.abort();
    batch.add(first);
    batch.add(waiting);
    await batch.settled();
    assert.deepEqual([first.chosen.length, waiting.chosen.length], [3, 0]);
    assert.ok(waiting.failure !== undefined);
  });
});

test('a text whose logits are no numbers fails alone, and leaves nothing behind', async () => {
  const model = modelOf('llama');
  const weights = randomWeights(model);
  const { adapter, values } = randomAdapter(model, 1);
  for (const [name, data] of values) if (name.includes('lora_A')) data.fill(3e38);
  const diverged = [{ adapter: stackable(adapter, values), weight: 1 }];
  const reader = await stackedReaderOf(model, weights, new Set(adapter.targets.map(({ path }) => path)));
  const batch = new TextBatch<StackChoice>(model, reader, limits);
  const bad = new Recorded<StackChoice>(prompt(5, 1), 4, diverged);
  batch.add(bad);
  await batch.settled();
  assert.match(String(bad.failure), /no number/);
  const good = new Recorded<StackChoice>(prompt(3, 1), 6, []);
  batch.add(good);
  await batch.settled();
  await assertContinues(good, await wholeLogits(model, weights));
});

test('an error of the runtime reaches every text, and the batch can be used again', async () => {
  const model = modelOf('llama');
  const reader = await readerOf(model, randomWeights(model));
  let isBroken = true;
  const run: typeof reader.executable.run = (inputs) => {
    if (isBroken) throw new Error('no memory');
    return reader.executable.run(inputs);
  };
  const batch = new TextBatch(model, { ...reader, executable: { ...reader.executable, run } }, limits);
  const texts = [new Recorded([1, 2], 2, undefined), new Recorded([3], 2, undefined)];
  for (const text of texts) batch.add(text);
  await batch.settled();
  for (const { failure } of texts) assert.match(String(failure), /no memory/);
  isBroken = false;
  const later = new Recorded([1, 2], 2, undefined);
  batch.add(later);
  await batch.settled();
  assert.equal(later.chosen.length, 2);
});

test('texts for which there is no memory fail, and none waits for ever', async () => {
  const model = modelOf('llama');
  const batch = new TextBatch({ ...model, headSize: 2 ** 50 }, await readerOf(model, randomWeights(model)), limits);
  const texts = [new Recorded([1, 2], 2, undefined), new Recorded([3], 2, undefined)];
  for (const text of texts) batch.add(text);
  await batch.settled();
  for (const { failure } of texts) assert.ok(failure instanceof RangeError, String(failure));
});

for (const family of ['llama', 'gpt2']) {
  test(`${family}: rows with different adapters, with none and with sums are read in one batch`, async () => {
    const model = modelOf(family);
    const weights = randomWeights(model);
    const head = family === 'gpt2' ? ['c_attn', 'c_fc'] : ['q_proj', 'down_proj', 'lm_head', 'embed_tokens'];
    const made = [
      randomAdapter(model, 1),
      randomAdapter(model, 2, { r: 5, targetModules: head }),
      randomAdapter(model, 3, { targetModules: ['o_proj', 'c_proj'], useRslora: true, layersToTransform: [1] }),
    ];
    const [one, two, three] = made.map(({ adapter, values }) => {
      assert.ok(canBeStacked(adapter));
      return { adapter: stackable(adapter, values), weight: 1 };
    });
    const paths = new Set(made.flatMap(({ adapter }) => adapter.targets.map(({ path }) => path)));
    const batch = new TextBatch<StackChoice>(model, await stackedReaderOf(model, weights, paths), {
      ...limits,
      rows: 6,
    });
    const choices: StackChoice[] = [[], [one!], [two!], [three!], [{ ...one!, weight: 0.5 }], [one!, three!]];
    const texts = choices.map((choice, i) => new Recorded(prompt(3 + 2 * i, 1), 3 + i, choice));
    for (const text of texts) batch.add(text);
    await batch.settled();
    await assertContinues(texts[0]!, await wholeLogits(model, weights));
    for (const [i, { adapter, tensors }] of made.entries()) {
      await assertContinues(texts[i + 1]!, await wholeLogits(model, weights, adapter, tensors, onnx));
    }
    const halved = Object.fromEntries(
      Object.entries(made[0]!.tensors).map(([name, tensor]) => {
        const data = (tensor.data as Float32Array).map((value) => (name.includes('lora_B') ? value / 2 : value));
        return [name, { dtype: 'f32' as const, shape: tensor.shape, data }];
      }),
    );
    await assertContinues(texts[4]!, await wholeLogits(model, weights, made[0]!.adapter, halved));
    assert.equal(texts[5]!.failure, undefined);
  });
}
