import { permutation, randomStream } from '../../random/randomStream';
import type { RowBlock, RowSource } from './sources/rowSource';

export interface OrderOptions {
  readonly seed: number;
  readonly shuffle: boolean;
  readonly evalSplit: number;
  readonly part: 'train' | 'eval';
}

/** A row with its place in an order. */
export interface PlacedRow {
  readonly position: number;
  readonly block: RowBlock;
  readonly index: number;
}

/**
 * The rows of one part of a file in the order of an epoch. It depends on the seed and the file alone.
 *
 * A file of one block is permuted as a whole. In a larger one the blocks are permuted, and then the rows of so many
 * neighbouring blocks as are held at once; blocks that can only be read one after the other stay in their order.
 */
export interface RowOrder {
  /** Rows of this part, when they are known without reading. */
  readonly rowCount: number | undefined;
  /** The part of all blocks that belongs to this part, for estimates. */
  readonly share: number;
  /** From row `skip` of the order on. */
  epoch(epoch: number, skip: number): AsyncGenerator<PlacedRow>;
  /** Whether a row belongs to this part: `row` of `block`. */
  holds(block: number, row: number): boolean;
  /** In the order of the file. */
  inFileOrder(): AsyncGenerator<PlacedRow>;
  /** Rows from all over the part, always the same. */
  sample(): AsyncGenerator<PlacedRow>;
}

export function createRowOrder(source: RowSource, options: OrderOptions): RowOrder {
  const { blockCount, rowCount } = source;
  return blockCount === 1 && rowCount !== undefined
    ? wholeOrder(source, rowCount, options)
    : blockOrder(source, options);
}

function wholeOrder(source: RowSource, rowCount: number, options: OrderOptions): RowOrder {
  const rows = splitOff(rowCount, options);
  async function* inOrder(order: Uint32Array, skip: number): AsyncGenerator<PlacedRow> {
    const block = await source.openBlock(0);
    for (let position = skip; position < order.length; position++) {
      yield { position, block, index: rows[order[position]!]! };
    }
  }
  const shuffled = (...keys: (number | string)[]) => permutation(rows.length, randomStream(options.seed, ...keys));
  const straight = Uint32Array.from(rows.keys());
  return {
    rowCount: rows.length,
    share: 1,
    epoch: (epoch, skip) => inOrder(options.shuffle ? shuffled('shuffle', epoch) : straight, skip),
    holds: (_, row) => includes(rows, row),
    inFileOrder: () => inOrder(straight, 0),
    sample: () => inOrder(shuffled('sample'), 0),
  };
}

function blockOrder(source: RowSource, options: OrderOptions): RowOrder {
  const blocks = splitOff(source.blockCount, options);
  const straight = Uint32Array.from(blocks.keys());
  const permuted = (...keys: (number | string)[]) =>
    source.sequential ? straight : permutation(blocks.length, randomStream(options.seed, ...keys));

  async function* inOrder(
    order: Uint32Array,
    skip: number,
    permuteRows: ((rows: number, window: number) => Uint32Array) | undefined,
  ): AsyncGenerator<PlacedRow> {
    let position = 0;
    for (let first = 0; first < order.length; first += source.windowBlocks) {
      const opened: RowBlock[] = [];
      for (const place of order.subarray(first, first + source.windowBlocks)) {
        opened.push(await source.openBlock(blocks[place]!));
      }
      const total = opened.reduce((sum, block) => sum + block.length, 0);
      if (position + total <= skip) {
        position += total;
        continue;
      }
      const rows = permuteRows?.(total, first / source.windowBlocks);
      const from = Math.max(0, skip - position);
      for (let at = from; at < total; at++) {
        yield { position: position + at, ...locate(opened, rows === undefined ? at : rows[at]!) };
      }
      position += total;
    }
  }
  return {
    rowCount: undefined,
    share: blocks.length / source.blockCount,
    epoch: (epoch, skip) => {
      if (!options.shuffle) return inOrder(straight, skip, undefined);
      return inOrder(permuted('blocks', epoch), skip, (rows, window) =>
        permutation(rows, randomStream(options.seed, 'rows', epoch, window)),
      );
    },
    holds: (block) => includes(blocks, block),
    inFileOrder: () => inOrder(straight, 0, undefined),
    sample: () =>
      inOrder(permuted('sample'), 0, (rows, window) => permutation(rows, randomStream(options.seed, 'sample', window))),
  };
}

/** Which block holds row `row` of all their rows, and where. */
function locate(blocks: readonly RowBlock[], row: number): { block: RowBlock; index: number } {
  let index = row;
  for (const block of blocks) {
    if (index < block.length) return { block, index };
    index -= block.length;
  }
  throw new RangeError('no such row');
}

/**
 * The numbers below `count` that belong to a part, ascending. The evaluation part has ⌈count × share⌉ of them, as
 * `datasets`' `train_test_split` has, chosen by the seed.
 */
function splitOff(count: number, options: OrderOptions): Uint32Array {
  const held = evalCount(count, options.evalSplit);
  const mixed = permutation(count, randomStream(options.seed, 'eval-split'));
  const chosen = options.part === 'eval' ? mixed.subarray(0, held) : mixed.subarray(held);
  return held === 0 && options.part === 'train' ? Uint32Array.from(mixed.keys()) : chosen.slice().sort();
}

function includes(ascending: Uint32Array, value: number): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === value;
}

function evalCount(count: number, evalSplit: number): number {
  return Math.min(count, Math.ceil(count * evalSplit));
}
