import { asConstant, below, normal, values } from '../operand';
import type { Operand } from '../operand';
import type { CaseTable } from '../program';

const runs = [
  { B: 2, T: 3 },
  { B: 1, T: 1 },
  { B: 3, T: 8 },
];

/** Row-major [1 or B, 1, T, T] of 0 and -inf. */
function mask(shape: Operand['shape'], allowed: (query: number, key: number, row: number) => boolean): Operand {
  const fill: Operand['fill'] = (_, [batch, , length]) =>
    Array.from({ length: batch! * length! * length! }, (__, i) => {
      const [row, query, key] = [Math.floor(i / (length! * length!)), Math.floor(i / length!) % length!, i % length!];
      return allowed(query, key, row) ? 0 : -Infinity;
    });
  return { source: 'input', dtype: 'f32', shape, fill };
}

interface Heads {
  readonly name: string;
  readonly batch: number;
  readonly length: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly size: number;
  readonly allowed: Parameters<typeof mask>[1];
  readonly scale?: number;
  readonly magnitude?: number;
}

const causal = (query: number, key: number): boolean => key <= query;
const layouts: readonly Heads[] = [
  { name: 'one head', batch: 1, length: 4, heads: 1, kvHeads: 1, size: 4, allowed: causal },
  { name: 'several heads in a batch', batch: 2, length: 5, heads: 3, kvHeads: 3, size: 4, allowed: causal },
  { name: 'grouped queries', batch: 2, length: 5, heads: 6, kvHeads: 2, size: 4, allowed: causal },
  { name: 'one key head for all', batch: 1, length: 4, heads: 4, kvHeads: 1, size: 2, allowed: causal },
  { name: 'one position', batch: 2, length: 1, heads: 2, kvHeads: 1, size: 4, allowed: causal },
  { name: 'head size 1', batch: 1, length: 3, heads: 2, kvHeads: 2, size: 1, allowed: causal },
  { name: 'no mask', batch: 2, length: 3, heads: 2, kvHeads: 1, size: 4, allowed: () => true },
  {
    name: 'two segments and padding, not the same in each row',
    batch: 2,
    length: 6,
    heads: 4,
    kvHeads: 2,
    size: 4,
    allowed: (query, key, row) => {
      const segment = (i: number): number => (i < 2 + row ? 0 : i < 5 ? 1 : 2);
      return key <= query && segment(query) === segment(key);
    },
  },
  { name: 'only itself', batch: 1, length: 4, heads: 2, kvHeads: 1, size: 4, allowed: (query, key) => query === key },
  {
    name: 'a window of two',
    batch: 1,
    length: 6,
    heads: 2,
    kvHeads: 2,
    size: 4,
    allowed: (query, key) => key <= query && query - key < 2,
  },
  { name: 'large scores', batch: 1, length: 5, heads: 2, kvHeads: 1, size: 4, allowed: causal, magnitude: 8 },
  { name: 'a negative scale', batch: 1, length: 4, heads: 2, kvHeads: 1, size: 4, allowed: causal, scale: -0.7 },
  { name: '64 positions', batch: 1, length: 64, heads: 2, kvHeads: 1, size: 16, allowed: causal },
];

function attentions(withSlopes: boolean) {
  const fixed = layouts.map((layout) => {
    const { batch, length, heads, kvHeads, size, magnitude = 1 } = layout;
    const [query, key] = [
      normal([batch, length, heads, size], magnitude),
      normal([batch, length, kvHeads, size], magnitude),
    ];
    const operands = [query, key, normal(key.shape), mask([batch, 1, length, length], layout.allowed)];
    return {
      name: layout.name,
      attributes: { scale: layout.scale ?? size ** -0.5 },
      operands: withSlopes ? [...operands, normal(query.shape)] : operands,
    };
  });
  const query = normal(['B', 'T', 4, 6]);
  const key = normal(['B', 'T', 2, 6]);
  const symbolic = [query, key, key, mask(['B', 1, 'T', 'T'], causal)];
  return [
    ...fixed,
    {
      name: 'symbols',
      attributes: { scale: 0.4 },
      operands: withSlopes ? [...symbolic, query] : symbolic,
      runs,
    },
  ];
}

/** cos and sin of [positions, half] angles. */
function tables(length: number, half: number): [Operand, Operand] {
  const angles = Array.from({ length: length * half }, (_, i) => Math.floor(i / half) * 100 ** (-(i % half) / half));
  return [
    asConstant(values(angles.map(Math.cos), [length, half])),
    asConstant(values(angles.map(Math.sin), [length, half])),
  ];
}

const counting = (shape: Operand['shape']): Operand => ({
  source: 'input',
  dtype: 'i32',
  shape,
  fill: (_, [batch, length]) => Array.from({ length: batch! * length! }, (__, i) => i % length!),
});

/** A new segment, numbered from 0, begins at each of `starts`; the last is padding where there are several. */
const segments = (length: number, ...starts: readonly number[]): number[] =>
  Array.from({ length }, (_, i) => starts.filter((start) => start <= i).length - 1);
const restarted = (length: number, ...starts: readonly number[]): number[] =>
  Array.from({ length }, (_, i) => i - starts.filter((start) => start <= i).at(-1)!);

const packed = [values(restarted(7, 0, 3, 5), [1, 7], 'i32'), values(segments(7, 0, 3, 5), [1, 7], 'i32')];
const unequal = [
  values([...restarted(5, 0, 2), ...restarted(5, 0, 4)], [2, 5], 'i32'),
  values([...segments(5, 0, 2), ...segments(5, 0, 4)], [2, 5], 'i32'),
];
const padded = [
  values([...restarted(5, 0), 0, 1, 2, 0, 0], [2, 5], 'i32'),
  values([0, 0, 0, 0, 0, 0, 0, 0, -1, -1], [2, 5], 'i32'),
];

interface Stored {
  readonly name: string;
  readonly batch: number;
  readonly length: number;
  readonly past: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** How many earlier positions each row has. */
  readonly lengths: readonly number[];
  readonly magnitude?: number;
}

const stores: readonly Stored[] = [
  { name: 'a token', batch: 1, length: 1, past: 5, heads: 2, kvHeads: 2, lengths: [5] },
  { name: 'grouped queries', batch: 1, length: 1, past: 4, heads: 6, kvHeads: 2, lengths: [4] },
  { name: 'one key head', batch: 2, length: 3, past: 4, heads: 4, kvHeads: 1, lengths: [4, 4] },
  { name: 'a store that is not full', batch: 3, length: 2, past: 6, heads: 4, kvHeads: 2, lengths: [1, 6, 0] },
  { name: 'an empty store', batch: 2, length: 3, past: 4, heads: 2, kvHeads: 1, lengths: [0, 0] },
  { name: 'large scores', batch: 1, length: 4, past: 4, heads: 2, kvHeads: 1, lengths: [3], magnitude: 8 },
  { name: 'many positions', batch: 1, length: 8, past: 64, heads: 2, kvHeads: 1, lengths: [61] },
];

/** [B, 1, T, P]: the first positions of the store are open, by row. */
function pastMask(shape: Operand['shape'], lengths: readonly number[]): Operand {
  const fill: Operand['fill'] = (_, [batch, , length, past]) =>
    Array.from({ length: batch! * length! * past! }, (__, i) =>
      i % past! < lengths[Math.floor(i / (length! * past!)) % lengths.length]! ? 0 : -Infinity,
    );
  return { source: 'input', dtype: 'f32', shape, fill };
}

const cached = [
  ...stores.map(({ name, batch, length, past, heads, kvHeads, lengths, magnitude = 1 }) => {
    const [fresh, stored] = [
      normal([batch, kvHeads, length, 4], magnitude),
      normal([batch, kvHeads, past, 4], magnitude),
    ];
    const operands = [normal([batch, length, heads, 4], magnitude), fresh, normal(fresh.shape)];
    const masks = [mask([batch, 1, length, length], causal), pastMask([batch, 1, length, past], lengths)] as const;
    return {
      name,
      attributes: { scale: 0.5 },
      operands: [...operands, masks[0], stored, normal(stored.shape), masks[1]],
    };
  }),
  {
    name: 'symbols',
    attributes: { scale: 0.4 },
    operands: [
      normal(['B', 'T', 4, 6]),
      normal(['B', 2, 'T', 6]),
      normal(['B', 2, 'T', 6]),
      mask(['B', 1, 'T', 'T'], causal),
      normal(['B', 2, 'P', 6]),
      normal(['B', 2, 'P', 6]),
      pastMask(['B', 1, 'T', 'P'], [2, 0]),
    ],
    runs: [
      { B: 2, T: 3, P: 4 },
      { B: 1, T: 1, P: 0 },
      { B: 2, T: 1, P: 2 },
      { B: 3, T: 8, P: 1 },
    ],
  },
];

const slots = (size: Operand['shape'][number]): Operand => ({
  source: 'input',
  dtype: 'i32',
  shape: [size],
  fill: (_, [count]) => Array.from({ length: count! }, (__, i) => i),
});

export const attentionCases: CaseTable<
  'rope' | 'attentionMask' | 'attention' | 'attentionGrad' | 'cacheMask' | 'cachedAttention'
> = {
  rope: [
    { name: 'one head', attributes: {}, operands: [normal([1, 4, 1, 4]), counting([1, 4]), ...tables(8, 2)] },
    {
      name: 'several heads in a batch',
      attributes: {},
      operands: [normal([2, 5, 3, 6]), counting([2, 5]), ...tables(5, 3)],
    },
    { name: 'head size 2', attributes: {}, operands: [normal([1, 3, 2, 2]), counting([1, 3]), ...tables(3, 1)] },
    { name: 'head size 16', attributes: {}, operands: [normal([2, 3, 2, 16]), counting([2, 3]), ...tables(4, 8)] },
    { name: 'one position', attributes: {}, operands: [normal([2, 1, 2, 4]), below(8, [2, 1]), ...tables(8, 2)] },
    {
      name: 'a single number of one batch',
      attributes: {},
      operands: [normal([1, 1, 1, 4]), values([3], [1, 1], 'i32'), ...tables(8, 2)],
    },
    {
      name: 'positions in any order',
      attributes: {},
      operands: [normal([2, 6, 2, 4]), below(9, [2, 6]), ...tables(9, 2)],
    },
    {
      name: 'a row longer than the tables',
      attributes: {},
      operands: [normal([1, 9, 2, 4]), below(3, [1, 9]), ...tables(3, 2)],
    },
    {
      name: 'tables that are inputs',
      attributes: {},
      operands: [normal([1, 4, 2, 4]), counting([1, 4]), normal([4, 2]), normal([4, 2])],
    },
    {
      name: 'symbols',
      attributes: {},
      operands: [normal(['B', 'T', 2, 6]), counting(['B', 'T']), ...tables(8, 3)],
      runs,
    },
  ],
  attentionMask: [
    { name: 'one segment', attributes: { window: null }, operands: [counting([1, 5]), below(1, [1, 5])] },
    { name: 'packed segments', attributes: { window: null }, operands: packed },
    { name: 'rows with their own segments', attributes: { window: null }, operands: unequal },
    { name: 'right padding', attributes: { window: null }, operands: padded },
    { name: 'a window', attributes: { window: 2 }, operands: [counting([2, 6]), below(1, [2, 6])] },
    { name: 'a window of one', attributes: { window: 1 }, operands: [counting([1, 4]), below(1, [1, 4])] },
    {
      name: 'a window longer than the row',
      attributes: { window: 99 },
      operands: [counting([1, 4]), below(1, [1, 4])],
    },
    { name: 'a window over packed segments', attributes: { window: 2 }, operands: packed },
    { name: 'one position', attributes: { window: null }, operands: [counting([2, 1]), below(1, [2, 1])] },
    { name: 'symbols', attributes: { window: 3 }, operands: [counting(['B', 'T']), below(2, ['B', 'T'])], runs },
  ],
  attention: attentions(false),
  attentionGrad: attentions(true),
  cacheMask: [
    {
      name: 'rows of unequal length',
      attributes: { window: null },
      operands: [values([3, 4, 0, 1], [2, 2], 'i32'), values([3, 0], [2], 'i32'), slots(5)],
    },
    {
      name: 'a window',
      attributes: { window: 3 },
      operands: [values([5, 6, 2, 3], [2, 2], 'i32'), values([5, 2], [2], 'i32'), slots(6)],
    },
    {
      name: 'a window of one',
      attributes: { window: 1 },
      operands: [values([2], [1, 1], 'i32'), values([2], [1], 'i32'), slots(4)],
    },
    {
      name: 'symbols',
      attributes: { window: 4 },
      operands: [counting(['B', 'T']), below(5, ['B']), slots('P')],
      runs: [
        { B: 2, T: 3, P: 4 },
        { B: 1, T: 1, P: 0 },
        { B: 3, T: 1, P: 7 },
      ],
    },
  ],
  cachedAttention: cached,
};
