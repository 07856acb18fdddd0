import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { windows } from '../../../src/engine/data/batches';
import { byteTokenizer, openTestDataset, temporaryFile } from './materials';

const megabytes = 200;
const bytesPerRow = 256;

test('a file of 200 MB is not read to begin, and never held', async (t) => {
  const path = temporaryFile(t, 'rows.jsonl', '');
  const file = openSync(path, 'w');
  for (let megabyte = 0; megabyte < megabytes; megabyte++) {
    const rows = Array.from({ length: 2 ** 20 / bytesPerRow }, (_, row) => {
      const start = `{"text":"${megabyte}/${row} `;
      return `${start}${'x'.repeat(bytesPerRow - start.length - 3)}"}\n`;
    });
    writeSync(file, rows.join(''));
  }
  closeSync(file);

  const tokenizer = await byteTokenizer(t);
  const memory = () => process.memoryUsage.rss() / 2 ** 20;
  const before = memory();
  const started = performance.now();
  const dataset = await openTestDataset(t, { path, shuffle: true, maxLength: 16, evalSplit: 0.05 }, tokenizer);
  const seen = new Set<string>();
  let largest = before;
  let first: number | undefined;
  let count = 0;
  const options = { batchSize: 4, accumulation: 1, packing: true, maxLength: 64, epochs: 1 };
  for await (const window of windows(dataset, options)) {
    first ??= performance.now() - started;
    largest = Math.max(largest, memory());
    for (const { ids } of window.bins.flat()) seen.add(tokenizer.decode(ids).slice(3).split('/')[0]!);
    if (++count === 300) break;
  }
  // A pass over the file alone would take longer than any machine's noise; memory holds offsets of a window only.
  assert.ok(first! < 3000, `first window after ${first} ms`);
  assert.ok(largest - before < 150, `${Math.round(largest - before)} MB more`);
  assert.ok(Math.abs(dataset.rowCount / (megabytes * (2 ** 20 / bytesPerRow) * 0.95) - 1) < 0.01);
  assert.ok(seen.size > 30, 'the first rows come from all over the file');
});
