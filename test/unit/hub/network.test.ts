import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { findInHubCache } from '../../../src/engine/formats/hubCache';
import { sha256 } from '../../hub/hubServer';
import { failsWith } from '../formats/scratch';
import { id, numbers, numbersWith, Serving, weights } from './serving';

const whole = numbers.get(weights)!;
const incomplete = (serving: Serving): string =>
  path.join(serving.cache, 'models--someone--numbers', 'blobs', `${sha256(whole)}.lora.incomplete`);

describe('a connection', () => {
  test('that is cut again and again goes on where it was, as long as it comes further', async (t) => {
    const serving = await Serving.start(t);
    for (let cut = 0; cut < 8; cut++) serving.server.faults.push({ at: weights, kind: 'cut', after: 20_000 });
    const { folder } = await serving.download();
    assert.deepEqual(readFileSync(path.join(folder, weights)), whole);
    const reads = serving.server.requests.filter(({ address }) => address.startsWith('/repos/'));
    assert.deepEqual(
      reads.slice(0, 3).map(({ range }) => range),
      [undefined, 'bytes=20000-', 'bytes=40000-'],
    );
    assert.ok(serving.news.some((news) => news.type === 'retrying' && news.reason === 'the connection was cut'));
    assert.ok(!existsSync(incomplete(serving)));
  });

  test('that gives nothing any more ends the download, and the next one goes on', async (t) => {
    const serving = await Serving.start(t);
    serving.server.faults.push({ at: weights, kind: 'cut', after: 50_000 });
    for (let cut = 0; cut < 4; cut++) serving.server.faults.push({ at: '/repos/', kind: 'status', status: 503 });
    // The first answer is cut, those after it are errors.
    const [cut, ...errors] = serving.server.faults.splice(0);
    serving.server.faults.push(cut!);
    const failing = serving.download({
      onNews: (news) => {
        if (news.type === 'retrying') serving.server.faults.push(...errors.splice(0));
      },
    });
    const { message } = await failsWith('download-cut-off', failing);
    assert.match(message, /model\.safetensors breaks off again and again: it answers with status 503/);
    assert.equal(await findInHubCache(id, serving.cache), undefined, 'half a model is not found');
    assert.equal(readFileSync(incomplete(serving)).length, 50_000);
    serving.server.faults.length = 0;
    const { downloaded_bytes, bytes } = await serving.download();
    const config = numbers.get('config.json')!.length;
    assert.ok(downloaded_bytes <= bytes - 50_000 - config, `${downloaded_bytes} of ${bytes}`);
  });

  test('may answer with the whole file where the rest was asked for', async (t) => {
    const serving = await Serving.start(t);
    serving.server.faults.push({ at: weights, kind: 'cut', after: 50_000 });
    const { folder } = await serving.download({
      onNews: (news) => {
        if (news.type === 'retrying') serving.server.faults.push({ at: weights, kind: 'ignore-range' });
      },
    });
    assert.deepEqual(readFileSync(path.join(folder, weights)), whole);
  });

  test('that is busy is asked again, after the time that it says', async (t) => {
    const serving = await Serving.start(t);
    serving.server.faults.push({ at: '/api/', kind: 'status', status: 429, headers: { 'Retry-After': '0' } });
    serving.server.faults.push({ at: 'tokenizer.json', kind: 'status', status: 502 });
    await serving.download();
    const said = serving.news.flatMap((news) => (news.type === 'retrying' ? [news.reason] : []));
    assert.deepEqual(said, ['it was asked too often', 'it answers with status 502']);
  });

  test('that cannot be made is told, with what to do', async (t) => {
    const serving = await Serving.start(t);
    const { environment } = serving;
    await serving.server.close();
    const { message, exitCode } = await failsWith('hub-unreachable', serving.download({ environment }));
    assert.match(message, /^The hub at http:\/\/127\.0\.0\.1:\d+ cannot be reached: it refuses the connection\.$/);
    assert.equal(exitCode, 3);
    const away = { HF_ENDPOINT: 'http://hub.invalid' };
    assert.match(
      (await failsWith('hub-unreachable', serving.download({ environment: away }))).message,
      /probably offline/,
    );
  });

  test('to something that is no hub is told', async (t) => {
    const serving = await Serving.start(t);
    const environment = { HF_ENDPOINT: `${serving.server.endpoint}/somewhere` };
    await failsWith('hub-model-not-found', serving.download({ environment }));
    serving.server.faults.push({ at: '/api/', kind: 'status', status: 418 });
    await failsWith('hub-answer-invalid', serving.download());
    serving.server.faults.push({ at: '/api/', kind: 'status', status: 200 });
    await failsWith('hub-answer-invalid', serving.download());
  });
});

describe('bytes', () => {
  test('that are wrong are fetched once more', async (t) => {
    const serving = await Serving.start(t);
    serving.server.faults.push({ at: weights, kind: 'other-bytes' }, { at: 'tokenizer.json', kind: 'other-bytes' });
    const { folder } = await serving.download();
    assert.deepEqual(readFileSync(path.join(folder, weights)), whole);
    assert.deepEqual(readFileSync(path.join(folder, 'tokenizer.json')), numbers.get('tokenizer.json'));
  });

  for (const name of [weights, 'tokenizer.json', 'config.json']) {
    test(`that are wrong twice are thrown away: ${name}`, async (t) => {
      const serving = await Serving.start(t);
      for (let time = 0; time < 2; time++) serving.server.faults.push({ at: name, kind: 'other-bytes' });
      await failsWith('download-damaged', serving.download());
      assert.equal(await findInHubCache(id, serving.cache), undefined);
      const blobs = path.join(serving.cache, 'models--someone--numbers', 'blobs');
      const left = existsSync(blobs) ? readdirSync(blobs) : [];
      assert.deepEqual(
        left.filter((blob) => blob.endsWith('incomplete')),
        [],
      );
      await serving.download();
    });
  }

  for (const [what, content] of [
    ['other bytes of the same length', Buffer.alloc(50_000)],
    ['more than the whole', Buffer.alloc(whole.length + 1)],
  ] as const) {
    test(`that an earlier download left are not believed: ${what}`, async (t) => {
      const serving = await Serving.start(t);
      await mkdir(path.dirname(incomplete(serving)), { recursive: true });
      writeFileSync(incomplete(serving), content);
      const { folder } = await serving.download();
      assert.deepEqual(readFileSync(path.join(folder, weights)), whole);
    });
  }

  test('of a file in the cache that is too short do not count', async (t) => {
    const serving = await Serving.start(t);
    const { folder } = await serving.download();
    writeFileSync(path.join(folder, 'tokenizer.json'), '{');
    await serving.download();
    assert.deepEqual(readFileSync(path.join(folder, 'tokenizer.json')), numbers.get('tokenizer.json'));
  });
});

describe('a stop', () => {
  test('keeps what has arrived, and says how much', async (t) => {
    const serving = await Serving.start(t);
    const stop = new AbortController();
    serving.server.faults.push({ at: weights, kind: 'cut', after: 60_000 });
    const ended = await serving.ask({
      signal: stop.signal,
      onNews: ({ type }) => {
        if (type === 'retrying') stop.abort();
      },
    });
    assert.equal(ended.outcome, 'cancelled');
    assert.ok(ended.done_bytes !== null && ended.done_bytes >= 60_000 && ended.done_bytes < ended.total_bytes!);
    assert.equal(await findInHubCache(id, serving.cache), undefined);
    const { folder, downloaded_bytes } = await serving.download();
    assert.ok(downloaded_bytes <= whole.length - 60_000 + 1);
    assert.deepEqual(readFileSync(path.join(folder, weights)), whole);
  });

  test('before anything is known leaves nothing', async (t) => {
    const serving = await Serving.start(t);
    const stop = new AbortController();
    stop.abort();
    const ended = await serving.ask({ signal: stop.signal });
    assert.deepEqual(ended, { outcome: 'cancelled', done_bytes: null, total_bytes: null });
    assert.ok(!existsSync(serving.cache));
  });

  test('of an update leaves the older snapshot in use', async (t) => {
    const serving = await Serving.start(t);
    const { folder } = await serving.download();
    const next = Buffer.from(whole.map((byte) => byte ^ 3));
    serving.server.add({ id, files: numbersWith({ [weights]: next }) });
    const stop = new AbortController();
    serving.server.faults.push({ at: weights, kind: 'hold', after: 100, until: new Promise(() => undefined) });
    const ended = await serving.ask({
      signal: stop.signal,
      onNews: ({ type }) => {
        if (type === 'progress') stop.abort();
      },
    });
    assert.equal(ended.outcome, 'cancelled');
    assert.equal(await findInHubCache(id, serving.cache), folder);
  });
});
