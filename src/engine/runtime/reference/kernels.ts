import type { Op } from '../../graph/types';
import { attentionKernels } from './attentionKernels';
import { elementwiseKernels } from './elementwiseKernels';
import type { Kernel } from './kernel';
import { layoutKernels } from './layoutKernels';
import { normKernels } from './normKernels';

/** The kernels of all ops. A missing kernel does not compile. */
export const kernels: { readonly [K in Op]: Kernel<K> } = {
  input: (_, { name }, context) => [context.input(name)],
  weight: (_, { name }, context) => [context.weight(name)],
  constant: (_, { shape, data }) => [{ shape, data: Float64Array.from(data) }],
  unpack: (_, { name }, context) => [context.weight(name)],
  ...elementwiseKernels,
  ...layoutKernels,
  ...normKernels,
  ...attentionKernels,
};
