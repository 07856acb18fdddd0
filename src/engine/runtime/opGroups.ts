import type { ComposedOp } from '../graph/decompose';
import type { Node } from '../graph/types';

/** Ops that look at one row (the last axis) at a time, and GELU, with their gradients. */
export type NormOp =
  | 'rmsNorm'
  | 'rmsNormGrad'
  | 'rmsNormWeightGrad'
  | 'layerNorm'
  | 'layerNormGrad'
  | 'layerNormWeightGrad'
  | 'gelu'
  | 'geluGrad';

function composed(_: unknown, node: Node): never {
  throw new Error(`${node.op} should have been decomposed`);
}

/** For the table of a runtime that lowers graphs: ops that are gone before, by `decompose`. */
export const composedOps = {
  attention: composed,
  attentionGrad: composed,
  swiglu: composed,
  swigluGrad: composed,
  siluGrad: composed,
  crossEntropy: composed,
  countCorrect: composed,
} satisfies Record<ComposedOp, typeof composed>;
