import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { platformNotSupported } from '../../../src/run/failures';
import { platforms, whyNoEngine } from '../../../src/run/platforms';

test('the engine exists where ONNX Runtime carries a binary, and packages are made for these', async () => {
  const bin = 'node_modules/onnxruntime-node/bin/napi-v6';
  const carried = readdirSync(bin).flatMap((system) =>
    readdirSync(path.join(bin, system)).map((arch) => `${system}-${arch}`),
  );
  assert.deepEqual([...platforms].sort(), carried.sort());
  const script = pathToFileURL(path.resolve('scripts/package.mjs')).href;
  const { targets } = (await import(script)) as { targets: readonly string[] };
  assert.deepEqual([...targets].sort(), [...platforms].sort());
});

test('other computers are told why not in a sentence', () => {
  assert.match(whyNoEngine('darwin', 'x64')!, /does not exist for Macs with Intel processors\.$/);
  assert.match(whyNoEngine('freebsd', 'x64')!, /does not exist for freebsd on x64\.$/);
  assert.equal(platformNotSupported('darwin', 'arm64'), undefined);
  assert.match(platformNotSupported('darwin', 'x64')!.hint!, /Remote SSH/);
});
