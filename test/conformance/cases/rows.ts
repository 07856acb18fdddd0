import { asWeight, below, normal, values } from '../operand';
import type { CaseTable } from '../program';

const anyRows = [{ N: 5 }, { N: 0 }, { N: 1 }, { N: 37 }];
const runs = [
  { B: 2, T: 3 },
  { B: 1, T: 1 },
  { B: 3, T: 8 },
];

const perRow = [
  { name: 'a few rows', attributes: {}, operands: [normal([4, 7], 3), below(7, [4])] },
  { name: 'one row', attributes: {}, operands: [normal([1, 7]), below(7, [1])] },
  { name: 'one column', attributes: {}, operands: [normal([3, 1]), below(1, [3])] },
  { name: 'a large vocabulary', attributes: {}, operands: [normal([6, 3001], 4), below(3001, [6])] },
  { name: 'any number of rows', attributes: {}, operands: [normal(['N', 11]), below(11, ['N'])], runs: anyRows },
  { name: 'large logits', attributes: {}, operands: [normal([4, 7], 1e4), below(7, [4])] },
  {
    name: 'all logits far below zero',
    attributes: {},
    operands: [values([-1e5, -1e5 - 1, -1e5 - 3], [1, 3]), below(3, [1])],
  },
  {
    name: 'a label far below the largest logit',
    attributes: {},
    operands: [values([0, 1000, 3], [1, 3]), values([0], [1], 'i32')],
  },
  {
    name: 'logits of -inf beside the label',
    attributes: {},
    operands: [values([1, -Infinity, 2], [1, 3]), values([2], [1], 'i32')],
  },
];

/** Rows by number, and ops of the loss head. */
export const rowCases: CaseTable<
  'gather' | 'scatterAdd' | 'pick' | 'oneHot' | 'softmax' | 'crossEntropy' | 'countCorrect'
> = {
  gather: [
    { name: 'a row of numbers', attributes: {}, operands: [normal([5, 3]), below(5, [4])] },
    { name: 'a matrix of numbers', attributes: {}, operands: [normal([5, 3]), below(5, [2, 4])] },
    { name: 'a scalar number', attributes: {}, operands: [normal([5, 3]), below(5, [])] },
    { name: 'a table of one row', attributes: {}, operands: [normal([1, 3]), below(1, [4])] },
    {
      name: 'the first and last row of a weight',
      attributes: {},
      operands: [asWeight(normal([5, 3])), values([4, 0, 4], [3], 'i32')],
    },
    { name: 'symbols', attributes: {}, operands: [asWeight(normal([50, 8])), below(50, ['B', 'T'])], runs },
    { name: 'any number of rows', attributes: {}, operands: [normal([5, 3]), below(5, ['N'])], runs: anyRows },
    { name: 'from a table of symbolic size', attributes: {}, operands: [normal(['B', 3]), below(1, ['T'])], runs },
  ],
  scatterAdd: [
    { name: 'distinct rows', attributes: { rows: 5 }, operands: [values([3, 0, 4], [3], 'i32'), normal([3, 4])] },
    {
      name: 'one row many times',
      attributes: { rows: 3 },
      operands: [values([1, 1, 1, 1], [4], 'i32'), normal([4, 2])],
    },
    {
      name: 'thousands of updates to few rows',
      attributes: { rows: 3 },
      operands: [below(3, [4096]), normal([4096, 64])],
    },
    { name: 'a single column', attributes: { rows: 2 }, operands: [below(2, [9]), normal([9, 1])] },
    {
      name: 'any number of updates',
      attributes: { rows: 4 },
      operands: [below(4, ['N']), normal(['N', 3])],
      runs: anyRows,
    },
    {
      name: 'into any number of rows',
      attributes: { rows: 'B' },
      operands: [below(1, ['T']), normal(['T', 'B'])],
      runs,
    },
  ],
  pick: perRow,
  oneHot: [
    { name: 'a few numbers', attributes: { depth: 5 }, operands: [values([0, 4, 2, 2], [4], 'i32')] },
    { name: 'depth 1', attributes: { depth: 1 }, operands: [values([0, 0], [2], 'i32')] },
    { name: 'any number', attributes: { depth: 6 }, operands: [below(6, ['N'])], runs: anyRows },
  ],
  softmax: [
    { name: 'a vector', attributes: {}, operands: [normal([9])] },
    { name: 'rows', attributes: {}, operands: [normal([4, 9], 3)] },
    { name: 'one column', attributes: {}, operands: [normal([4, 1])] },
    { name: 'heads', attributes: {}, operands: [normal([2, 3, 5, 7])] },
    { name: 'a large vocabulary', attributes: {}, operands: [normal([3, 3001], 4)] },
    { name: 'large logits', attributes: {}, operands: [normal([4, 7], 1e4)] },
    {
      name: 'scores masked by -inf',
      attributes: {},
      operands: [values([1, -Infinity, 2, -Infinity, -Infinity, 5], [2, 3])],
    },
    { name: 'symbols', attributes: {}, operands: [normal(['B', 2, 'T', 'T'])], runs },
    { name: 'any number of rows', attributes: {}, operands: [normal(['N', 7])], runs: anyRows },
  ],
  crossEntropy: perRow,
  countCorrect: [
    ...perRow,
    {
      name: 'right and wrong rows',
      attributes: {},
      operands: [values([1, 2, 3, 3, 2, 1], [2, 3]), values([2, 2], [2], 'i32')],
    },
    {
      name: 'a label that shares the largest logit',
      attributes: {},
      operands: [values([2, 2, 1], [1, 3]), values([1], [1], 'i32')],
    },
  ],
};
