import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PlaygroundColumn, PlaygroundPiece } from '../../../src/run/playground';
import { matchColumns } from '../../../src/run/playgroundColumns';
import {
  defaultSampling,
  defaultSetup,
  readFromPlayground,
  readPlaygroundMemory,
} from '../../../src/run/playgroundProtocol';
import type { ShownEnd, ShownText } from '../../../src/run/playgroundProtocol';
import { columnName, withColumns } from '../../../src/views/playground/columns';
import { firstDifference } from '../../../src/views/playground/differences';
import { addNews, growingRun, outcomeText } from '../../../src/views/playground/growingRun';
import { bandOf, tokenWords } from '../../../src/views/playground/likelihood';

test('columns beyond those that have room are told apart, and those that are there stay as they are', () => {
  const asked = Array.from({ length: 10 }, (_, at) => column([`/w/${at}`, 1]));
  const { columns, left } = withColumns([], asked, true);
  assert.deepEqual([columns, left], [asked.slice(0, 8), asked.slice(8)]);
  const there = [column(), column(['/w/0', 0.5])];
  assert.deepEqual(withColumns(there, asked.slice(0, 2), false), { columns: [...there, asked[1]], left: [] });
});

function column(...weights: readonly (readonly [string, number])[]): PlaygroundColumn {
  return weights.map(([folder, weight]) => ({ folder, weight }));
}

/** A piece for each letter, whose token is its code; `+` joins two tokens to one piece. */
function text(letters: string, reason?: ShownEnd['reason']): ShownText {
  const pieces = letters.split(/(?<!\+)(?!\+)/).map((piece) => ({
    text: piece,
    tokens: Array.from(piece.replace('+', '')).map((letter) => ({
      id: letter.charCodeAt(0),
      text: letter,
      logprob: 0,
      top: [],
    })),
  }));
  const end = reason === undefined ? null : { reason, tokens: letters.length, tokensPerSecond: 1, problem: null };
  return { pieces: letters === '' ? [] : pieces, end };
}

describe('the first difference of two texts', () => {
  for (const [what, first, other, expected] of [
    ['is the first other token', text('abcd', 'stop'), text('abxd', 'stop'), { is: 'differs', token: 2, piece: 2 }],
    ['is told while they grow', text('abc'), text('ax'), { is: 'differs', token: 1, piece: 1 }],
    [
      'is in a piece of several tokens',
      text('ab+cd', 'stop'),
      text('ab+xd', 'stop'),
      { is: 'differs', token: 2, piece: 1 },
    ],
    ['is none of a text that is still written', text('abc'), text('ab'), { is: 'same', isFinal: false }],
    ['is none of the same texts', text('ab', 'stop'), text('ab', 'length'), { is: 'same', isFinal: true }],
    ['is that one ends and the other goes on', text('ab', 'stop'), text('abc'), { is: 'differs', token: 2, piece: 2 }],
    ['is that this one ends', text('abc', 'stop'), text('ab', 'stop'), { is: 'differs', token: 2, piece: null }],
    ['is none where one was cut or stopped', text('ab', 'stopped'), text('abc', 'stop'), { is: 'same', isFinal: true }],
    ['is unknown before anything is written', text(''), text('a'), undefined],
    ['is unknown of what failed', text('', 'failed'), text('a', 'stop'), undefined],
  ] as const) {
    test(what, () => assert.deepEqual(firstDifference(first, other), expected));
  }
});

test('columns keep their texts when others come, go, or have another weight', () => {
  const [base, a, b, half] = [column(), column(['/a', 1]), column(['/b', 1]), column(['/a', 0.5])];
  assert.deepEqual(matchColumns([base, a, b], [base, a, b]), [0, 1, 2]);
  assert.deepEqual(matchColumns([b, base], [base, a, b]), [2, 0]);
  assert.deepEqual(matchColumns([a, half], [half, base]), [null, 0]);
  assert.deepEqual(matchColumns([half], [base, a]), [1]);
  assert.deepEqual(matchColumns([a, half], [half, a]), [1, 0]);
  assert.deepEqual(matchColumns([a, a], [a]), [0, null]);
});

test('a column is called by its adapters and their weights', () => {
  const nameOf = (folder: string): string => folder.slice(1);
  assert.equal(columnName(column(), nameOf), 'Base model');
  assert.equal(columnName(column(['/a', 1], ['/b', 0.5]), nameOf), 'a + b × 0.5');
});

test('a token is told with its probability and what else was likely', () => {
  const token = {
    ...{ id: 1, text: ' 10', logprob: Math.log(0.25) },
    top: [
      { id: 2, text: '\n', logprob: Math.log(0.5) },
      { id: 1, text: ' 10', logprob: Math.log(0.25) },
    ],
  };
  assert.equal(tokenWords(token), '“ 10” 25 %; instead: “\\n” 50 %');
  const piece: PlaygroundPiece = { text: 'x', tokens: [token, { ...token, logprob: Math.log(0.95) }] };
  assert.equal(bandOf(piece)?.name, 'possible');
  assert.equal(bandOf({ text: 'x', tokens: [] }), undefined);
  assert.equal(bandOf({ text: 'x', tokens: [{ ...token, logprob: -Infinity }] })?.name, 'rare');
});

test('a run grows by its news and says what became of it', () => {
  const end = (reason: ShownEnd['reason']): ShownEnd => ({ reason, tokens: 1, tokensPerSecond: null, problem: null });
  const empty = { pieces: [], end: null };
  const run = growingRun({
    ...{ kind: 'prompt', id: 1, prompts: ['p'], columns: [column(), column(['/a', 1])], isOver: false },
    ...{ isChat: false, earlier: [[], []] },
    texts: [empty, empty],
  });
  const piece = { text: 'a', tokens: [] };
  const changed = addNews(run, [
    { text: 1, piece },
    { text: 1, end: end('stop') },
    { text: 7, piece },
  ]);
  assert.deepEqual([...changed], [1]);
  assert.deepEqual(run.texts[1], { pieces: [piece], end: end('stop') });
  assert.equal(empty.pieces.length, 0);
  const outcome = (...reasons: readonly ShownEnd['reason'][]): string =>
    outcomeText({ ...run, texts: reasons.map((reason) => ({ pieces: [], end: end(reason) })) });
  assert.equal(outcome('stop', 'length'), 'All 2 texts are written.');
  assert.equal(outcome('stop', 'failed'), 'The text is written. One could not be written.');
  assert.equal(outcome('stop', 'stopped'), 'Stopped.');
  assert.equal(outcome('failed'), 'The text could not be written.');
});

describe('a message from a playground’s page', () => {
  const reads = (value: unknown, expected: unknown): void =>
    void test(JSON.stringify(value), () => assert.deepEqual(readFromPlayground(value), expected));
  reads({ type: 'ready', more: 1 }, { type: 'ready' });
  reads({ type: 'write', setup: defaultSetup }, { type: 'write', setup: defaultSetup, step: 'first' });
  reads({ type: 'write', setup: defaultSetup, step: 'again' }, { type: 'write', setup: defaultSetup, step: 'again' });
  reads({ type: 'write', setup: { columns: [] } }, undefined);
  reads({ type: 'write', setup: { columns: [[{ folder: 1, weight: 1 }]] } }, undefined);
  reads({ type: 'write', setup: { columns: [[{ folder: '/a', weight: null }]] } }, undefined);
  reads({ type: 'write', setup: { columns: Array.from({ length: 9 }, () => []) } }, undefined);
  reads(
    { type: 'write', setup: { columns: [[]], sampling: { temperature: -1, topK: 2.5, seed: 3, stop: ['x'] } } },
    {
      type: 'write',
      setup: { ...defaultSetup, sampling: { ...defaultSampling, seed: 3, stop: ['x'] } },
      step: 'first',
    },
  );
  reads({ type: 'writeSet', setup: defaultSetup, prompts: ['a', 1] }, undefined);
  reads({ type: 'savePrompts', prompts: ['a'] }, { type: 'savePrompts', prompts: ['a'] });
  reads({ type: 'compare', folders: '/etc' }, undefined);
  reads({ type: 'startOver' }, { type: 'startOver' });
  reads({ type: 'delete everything' }, undefined);
  reads(null, undefined);
});

test('what a playground remembers comes back; from nothing comes nothing', () => {
  const memory = { baseModel: '/m', setup: { ...defaultSetup, prompt: 'p', columns: [column(['/a', 0.5])] } };
  assert.deepEqual(readPlaygroundMemory(structuredClone(memory)), memory);
  assert.deepEqual(readPlaygroundMemory({ baseModel: '/m' }), { baseModel: '/m', setup: defaultSetup });
  for (const other of [undefined, null, 'x', {}, { baseModel: 1 }])
    assert.equal(readPlaygroundMemory(other), undefined);
});
