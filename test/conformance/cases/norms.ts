import type { Norm } from '../../../src/engine/graph/types';
import { asWeight, normal, values } from '../operand';
import type { Operand } from '../operand';
import type { CaseTable, CaseWith } from '../program';

type NormOp = 'rmsNorm' | 'rmsNormGrad' | 'rmsNormWeightGrad' | 'layerNorm' | 'layerNormGrad' | 'layerNormWeightGrad';

const runs = [
  { B: 2, T: 3 },
  { B: 1, T: 1 },
  { B: 3, T: 8 },
];
const anyRows = [{ N: 5 }, { N: 0 }, { N: 1 }];

/** `pattern` says which operands the op takes: `x` and `y` of the shape [..., d], `w` of the shape [d]. */
function norms(...pattern: readonly ('x' | 'w' | 'y')[]): CaseWith<Norm>[] {
  const epsilon = 1e-5;
  const operands = (shape: Operand['shape'], scale = 1): Operand[] =>
    pattern.map((kind) => {
      if (kind === 'w') return asWeight(normal(shape.slice(-1)));
      return normal(shape, kind === 'x' ? scale : 1);
    });
  const offset = (rest: Operand[]): Operand[] => [values([1000, 1001, 1002.5, 999], [1, 4]), ...rest.slice(1)];
  return [
    { name: 'rows', attributes: { epsilon }, operands: operands([3, 8]) },
    { name: 'a vector', attributes: { epsilon }, operands: operands([8]) },
    { name: 'a batch', attributes: { epsilon }, operands: operands([2, 3, 16]) },
    { name: 'heads', attributes: { epsilon: 1e-6 }, operands: operands([2, 3, 4, 6]) },
    { name: 'one column', attributes: { epsilon }, operands: operands([3, 1]) },
    { name: 'tiny numbers, where epsilon counts', attributes: { epsilon }, operands: operands([3, 8], 1e-3) },
    { name: 'large numbers', attributes: { epsilon }, operands: operands([3, 8], 1e3) },
    { name: 'far from zero', attributes: { epsilon }, operands: offset(operands([1, 4])) },
    { name: 'zeros', attributes: { epsilon }, operands: [values([0, 0, 0, 0], [1, 4]), ...operands([1, 4]).slice(1)] },
    { name: 'symbols', attributes: { epsilon }, operands: operands(['B', 'T', 8]), runs },
    { name: 'any number of rows', attributes: { epsilon }, operands: operands(['N', 8]), runs: anyRows },
    {
      name: 'weights that are inputs',
      attributes: { epsilon },
      operands: operands([3, 8]).map((operand): Operand => ({ ...operand, source: 'input' })),
    },
  ];
}

export const normCases: CaseTable<NormOp> = {
  rmsNorm: norms('x', 'w'),
  rmsNormGrad: norms('x', 'w', 'y'),
  rmsNormWeightGrad: norms('x', 'y'),
  layerNorm: norms('x', 'w', 'w'),
  layerNormGrad: norms('x', 'w', 'y'),
  layerNormWeightGrad: norms('x', 'y'),
};
