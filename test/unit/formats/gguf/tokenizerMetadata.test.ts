import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../../src/engine/formats/jsonFile';
import { tokenizerMetadata } from '../../../../src/engine/formats/gguf/tokenizerMetadata';

const json = {
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
  model: { type: 'BPE', vocab: { '<unk>': 0, a: 1, '<0x0A>': 4, beyond: 7 }, merges: [], byte_fallback: true },
} as const satisfies JsonObject;

function written(unknown: string): Readonly<Record<string, unknown>> {
  const metadata = tokenizerMetadata({
    json,
    named: { unk_token: unknown, eos_token: '<end>' },
    added: [
      { id: 3, content: '<x>', special: true },
      { id: 6, content: '<end>', special: true },
    ],
    adds: { bos: false, eos: false },
    chatTemplate: undefined,
    rows: 6,
  });
  return Object.fromEntries([...metadata].map(([key, entry]) => [key.replace('tokenizer.ggml.', ''), entry]));
}

test('there is one token for each row of the embedding: holes are unused, and those beyond are left out', () => {
  const metadata = written('<unk>');
  assert.deepEqual(metadata['tokens'], { texts: ['<unk>', 'a', '[PAD2]', '<x>', '<0x0A>', '[PAD5]'] });
  assert.deepEqual(metadata['token_type'], { i32s: [2, 1, 5, 3, 6, 5] });
  assert.equal((metadata['scores'] as { f32s: readonly number[] }).f32s.length, 6);
  assert.deepEqual(metadata['unknown_token_id'], { u32: 0 });
  assert.equal(metadata['eos_token_id'], undefined);
});

test('an unknown token that the vocabulary does not have is left out', () => {
  const metadata = written('<none>');
  assert.deepEqual(metadata['token_type'], { i32s: [1, 1, 5, 3, 6, 5] });
  assert.equal(Object.keys((metadata['tokens'] as { texts: readonly string[] }).texts).length, 6);
  assert.equal(metadata['unknown_token_id'], undefined);
});
