import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  proposedRepository,
  publishedText,
  publishNewsText,
  publishQuestion,
} from '../../../src/host/adapters/publishText';
import { isRepository } from '../../../src/run/publish';
import type { PublishedAdapter } from '../../../src/run/publish';

test('a repository is proposed under the name of the folder, as the hub takes it', () => {
  assert.equal(proposedRepository('someone', 'count-by-ten'), 'someone/count-by-ten');
  for (const folder of ['Bot für Fragen', '..hidden', 'a--b', 'x.git', '日本', 'v1.0_final-']) {
    const repo = proposedRepository('someone', folder);
    assert.ok(isRepository(repo), `${folder} → ${repo}`);
  }
});

test('the question tells each file, where it goes, who sees it and what it says of its base model', () => {
  const preview = {
    endpoint: 'https://huggingface.co',
    owner: 'someone',
    base_model: 'org/base',
    files: [
      { name: 'README.md', bytes: 3100 },
      { name: 'adapter_model.safetensors', bytes: 92_200 },
    ],
  };
  const { message, detail } = publishQuestion({ name: 'bot', repo: 'someone/bot', isPrivate: true, preview });
  assert.equal(message, 'Publish bot to someone/bot?');
  const lines = detail.split('\n');
  assert.ok(lines.includes('https://huggingface.co/someone/bot'));
  assert.ok(lines.includes('README.md: 3.10 kB') && lines.includes('adapter_model.safetensors: 92.2 kB'));
  assert.match(detail, /private: only its owner sees it/);
  assert.match(detail, /name org\/base as their base model/);
  assert.match(publishQuestion({ name: 'bot', repo: 'a/b', isPrivate: false, preview }).detail, /everybody sees it/);
});

test('news name the file, or what the network does', () => {
  assert.equal(publishNewsText({ type: 'file', name: 'README.md', bytes: 3100 }), 'README.md, 3.10 kB');
  assert.equal(
    publishNewsText({ type: 'waiting', reason: 'the connection was cut', seconds: 2 }),
    'the hub cannot be reached: the connection was cut; trying again in 2 s',
  );
});

test('the end says what was sent, who sees it, and links to the page', () => {
  const published: PublishedAdapter = {
    repo: 'someone/bot',
    url: 'https://huggingface.co/someone/bot',
    is_private: true,
    is_new: true,
    commit: '0'.repeat(40),
    files: ['README.md', 'adapter_config.json'],
    changed: ['README.md', 'adapter_config.json'],
  };
  const link = '[https://huggingface.co/someone/bot](https://huggingface.co/someone/bot)';
  assert.equal(
    publishedText('bot', published),
    `bot is published: 2 files in a new private repository, compared by their hashes: ${link}`,
  );
  const again = { ...published, is_new: false, is_private: false };
  assert.equal(
    publishedText('bot', { ...again, changed: ['README.md'] }),
    `bot is published: 1 of 2 files in the public repository, compared by their hashes: ${link}`,
  );
  assert.equal(
    publishedText('bot', { ...again, changed: [] }),
    `Nothing of bot had to be sent: all 2 files are in the public repository already: ${link}`,
  );
});
