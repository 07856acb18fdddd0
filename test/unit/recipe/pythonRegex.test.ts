import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { translatePatternKey, translatePythonPattern } from '../../../src/recipe/pythonRegex';

function matches(pattern: string, name: string): boolean {
  const translated = translatePythonPattern(pattern);
  assert.ok('regex' in translated, `${pattern} is refused`);
  return translated.regex.test(name);
}

/** Pattern, names that `re.fullmatch` accepts, names that it does not (as Python 3 answered). */
const pairs: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [String.raw`.*\.(q|v)_proj`, ['model.layers.0.self_attn.q_proj'], ['q_proj', 'model.layers.0.self_attn.q_proj2']],
  [String.raw`model\.layers\.(0|1)\..*`, ['model.layers.1.mlp.gate_proj'], ['model.layers.10.mlp.gate_proj']],
  [String.raw`[a-z_.]+\.h\.\d{1,2}\..*`, ['transformer.h.11.attn.c_attn'], ['transformer.h.111.attn.c_attn']],
  ['q_proj|v_proj', ['q_proj', 'v_proj'], ['a.q_proj', 'q_proj.a']],
  ['(?P<l>a)b(?P=l)', ['aba'], ['abb']],
  ['(ab)\\1', ['abab'], ['ab']],
  ['\\Aq_proj\\Z', ['q_proj'], ['q_proj\n']],
  ['(?i)Q_PROJ', ['q_proj'], ['v_proj']],
  ['(?s)a.b', ['a\nb'], ['ab']],
  ['(?m)^a$', ['a'], ['a\nb']],
  ['a.b', ['axb'], ['a\nb']],
  ['[]]', [']'], ['[']],
  ['[^]]', ['['], [']']],
  ['a[[]b', ['a[b'], ['ab']],
  ['a{b', ['a{b'], ['ab']],
  ['a{,3}', ['', 'aaa'], ['aaaa']],
  ['a{,}', ['', 'aaaa'], ['b']],
  ['a{,x}', ['a{,x}'], ['a']],
  ['a{3}?', ['aaa'], ['aa']],
  ['x\\-y\\_z', ['x-y_z'], ['xy_z']],
  ['\\x61\\u0062\\143', ['abc'], ['abd']],
  ['(?#both)a|b', ['a', 'b'], ['']],
  ['(?=q)q_proj', ['q_proj'], ['v_proj']],
  ['a(?<=a)b(?<!x{2})', ['ab'], ['b']],
  ['(?!lm_).*', ['embed'], ['lm_head']],
];

describe('a pattern of Python’s re', () => {
  for (const [pattern, accepted, rejected] of pairs) {
    test(`${pattern} matches whole names as re.fullmatch does`, () => {
      for (const name of accepted) assert.ok(matches(pattern, name), JSON.stringify(name));
      for (const name of rejected) assert.ok(!matches(pattern, name), JSON.stringify(name));
    });
  }

  const refused: readonly (readonly [string, number, RegExp])[] = [
    ['ab*+', 2, /possessive/],
    ['a(?>b)', 1, /atomic/],
    ['(?<n>a)', 0, /\(\?P<name>/],
    ['x\\p{L}', 1, /\\p means nothing/],
    ['(a)(?(1)b|c)', 3, /condition/],
    ['x(a', 1, /never closed/],
    ['xa)', 2, /no \( before/],
    ['x[a', 1, /never closed/],
    ['(?x)a b', 2, /flag \(\?x\)/],
    ['a(?i)b', 1, /start of the pattern/],
    ['(?i:a)', 0, /for a part/],
    ['(?<=a*)b', 5, /varying length/],
    ['a\\', 1, /backslash/],
    ['a**', 0, /not a valid/],
    ['[b-a]', 0, /not a valid/],
    ['(a)\\2', 0, /not a valid/],
  ];
  for (const [pattern, offset, message] of refused) {
    test(`${pattern} is refused at ${offset}`, () => {
      const translated = translatePythonPattern(pattern);
      assert.ok('refusal' in translated);
      assert.equal(translated.refusal.offset, offset);
      assert.match(translated.refusal.message, message);
    });
  }
});

describe('a key of rank_pattern', () => {
  test('matches the end of a name from a dot on, or the whole name', () => {
    const translated = translatePatternKey('layers.0.self_attn.q_proj|v_proj');
    assert.ok('regex' in translated);
    const names = ['model.layers.0.self_attn.q_proj', 'v_proj', 'a.v_proj', 'av_proj', 'v_proj.a'];
    assert.deepEqual(
      names.map((name) => translated.regex.test(name)),
      [true, true, true, false, false],
    );
  });

  test('is refused at its own offset', () => {
    assert.deepEqual(translatePatternKey('q(?>a)'), {
      refusal: { offset: 1, message: 'The atomic group (?>…) is not supported. Write (?:…).' },
    });
  });
});
