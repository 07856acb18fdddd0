import { randomStream } from '../../src/random/randomStream';

export interface Mutant {
  /** Which recipe, and what was done to it. */
  readonly origin: string;
  readonly text: string;
}

type Random = ReturnType<typeof randomStream>;

/** What goes wrong with files: each changes some bytes of a copy. */
const mutations: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  'a byte less': (bytes, random) => {
    const at = below(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  },
  'a stretch less': (bytes, random) => {
    const at = below(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 40))]);
  },
  'a byte more': (bytes, random) => {
    const at = below(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from([below(random, 256)]), bytes.subarray(at)]);
  },
  'a sign more': (bytes, random) => {
    const at = below(random, bytes.length);
    const sign = signs[below(random, signs.length)]!;
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(sign), bytes.subarray(at)]);
  },
  'another byte': (bytes, random) => {
    const copy = Buffer.from(bytes);
    copy[below(random, bytes.length)] = below(random, 256);
    return copy;
  },
  'two neighbours exchanged': (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = below(random, bytes.length - 1);
    [copy[at], copy[at + 1]] = [bytes[at + 1]!, bytes[at]!];
    return copy;
  },
  'cut off': (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  'begun too late': (bytes, random) => bytes.subarray(below(random, bytes.length)),
  'a stretch twice': (bytes, random) => {
    const at = below(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - below(random, 60)))]);
  },
};

/** What means something in JSON, in a path, in a pattern or in a template. */
const signs = [
  ...['{', '}', '[', ']', '"', '\\', ',', ':', '//', '/*', '*/', '\n', '\r', '\t', '\0', '\uFEFF', '\u2028', '😀'],
  ...[
    'null',
    'true',
    '-',
    '1e999',
    '1e-999',
    '0.1.2',
    '9007199254740993',
    '(',
    ')',
    '(?',
    '*',
    '+',
    '\\u12',
    '{{',
    '{%',
  ],
  ...['__proto__', 'constructor', '"lora": {', '"r": '],
];

/** The same mutants every time, `count` of them in turn from each text and each kind of change. */
export function mutantsOf(
  texts: readonly { readonly origin: string; readonly text: string }[],
  count: number,
): Mutant[] {
  const kinds = Object.entries(mutations);
  return Array.from({ length: count }, (_, i) => {
    const { origin, text } = texts[i % texts.length]!;
    const [kind, mutate] = kinds[Math.floor(i / texts.length) % kinds.length]!;
    const random = randomStream(7, `${i}`);
    const times = 1 + (i % 3);
    let bytes: Buffer = Buffer.from(text);
    for (let time = 0; time < times && bytes.length > 1; time++) bytes = mutate(bytes, random);
    return { origin: `${origin}, ${times} × ${kind} (${i})`, text: bytes.toString('utf8') };
  });
}

function below(random: Random, limit: number): number {
  return Math.floor(random.uniform() * limit);
}
