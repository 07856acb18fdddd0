import type { GraphBuilder } from '../graph/builder';
import { knownSize } from '../graph/builder';
import { sameShape } from '../graph/shape';
import type { Shape, Value } from '../graph/types';

/** A value that fills a range of an axis. */
interface Piece {
  readonly start: number;
  readonly value: Value;
}

/** `value` at `start` of the axis, zeros around it: the gradient of a slice of something of this shape. */
export function padded(b: GraphBuilder, value: Value, shape: Shape, axis: number, start: number): Value {
  return join(b, shape, axis, [{ start, value }]);
}

/**
 * a + b for two gradients of one value. Where both are pieces with zeros around them that do not overlap, as those of
 * the slices of one product are, the sum is the pieces side by side, and the zeros are never added.
 */
export function addGradients(b: GraphBuilder, one: Value, other: Value): Value {
  const { node } = one;
  if (node.op !== 'concat' || other.node.op !== 'concat' || node.attributes.axis !== other.node.attributes.axis) {
    return b.add(one, other);
  }
  const { axis } = node.attributes;
  const all = [...pieces(one, axis), ...pieces(other, axis)].sort((x, y) => x.start - y.start);
  const overlap = all.some((piece, i) => i > 0 && endOf(all[i - 1]!, axis) > piece.start);
  return overlap || !sameShape(one.shape, other.shape) ? b.add(one, other) : join(b, one.shape, axis, all);
}

/** Puts pieces side by side, in order and without overlap, and zeros where there is none. */
function join(b: GraphBuilder, shape: Shape, axis: number, all: readonly Piece[]): Value {
  const parts: Value[] = [];
  let filled = 0;
  const fillUpTo = (start: number): void => {
    if (start > filled) parts.push(b.expand(b.scalar(0), shape.with(axis, start - filled)));
  };
  for (const piece of all) {
    fillUpTo(piece.start);
    parts.push(piece.value);
    filled = endOf(piece, axis);
  }
  fillUpTo(knownSize(shape[axis]));
  return parts.length === 1 ? parts[0]! : b.op('concat', { axis }, ...parts);
}

/** What was put side by side, without the zeros. */
function pieces(concat: Value, axis: number): Piece[] {
  const found: Piece[] = [];
  let start = 0;
  for (const value of concat.node.inputs) {
    if (!isZero(value)) found.push({ start, value });
    start += knownSize(value.shape[axis]);
  }
  return found;
}

function endOf({ start, value }: Piece, axis: number): number {
  return start + knownSize(value.shape[axis]);
}

function isZero({ node }: Value): boolean {
  if (node.op !== 'expand') return false;
  const source = node.inputs[0]!;
  return source.shape.length === 0 && source.node.op === 'constant' && source.node.attributes.data[0] === 0;
}
