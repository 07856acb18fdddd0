import { gradients } from '../../../src/engine/autodiff/gradients';
import type { GraphBuilder } from '../../../src/engine/graph/builder';
import type { Value } from '../../../src/engine/graph/types';
import { asWeight, normal } from '../../conformance/operand';
import type { Operand } from '../../conformance/operand';
import { program } from '../../conformance/program';

export const blocks = 3;
const width = 16;

/** Blocks of a norm and a gated unit with a low-rank update, each a residual; the gradients of the updates. */
export const stack = program(
  'a stack of blocks',
  {
    x: normal(['N', 4]),
    ...Object.fromEntries(
      Array.from({ length: blocks }, (_, i): [string, Operand][] => [
        [`norm${i}`, asWeight(normal([4]))],
        [`gate${i}`, asWeight(normal([width, 4]))],
        [`up${i}`, asWeight(normal([width, 4]))],
        [`down${i}`, asWeight(normal([4, width]))],
        [`a${i}`, normal([2, 4])],
        [`b${i}`, normal([width, 2])],
      ]).flat(),
    ),
  },
  [{ N: 5 }, { N: 1 }],
  (b, v) => {
    let x = v['x']!;
    for (let i = 0; i < blocks; i++) x = b.within({ scope: `block.${i}`, block: i }, () => block(b, v, x, i));
    const loss = b.reduceSum(b.op('tanh', {}, x), [0, 1]);
    const names = Array.from({ length: blocks }, (_, i) => [`a${i}`, `b${i}`]).flat();
    const found = gradients(
      b,
      new Map([[loss, b.scalar(1)]]),
      names.map((name) => v[name]!),
    );
    return { loss, ...Object.fromEntries(names.map((name, i) => [`d${name}`, found[i]!])) };
  },
);

function block(b: GraphBuilder, v: Readonly<Record<string, Value>>, x: Value, i: number): Value {
  const linear = (input: Value, name: string): Value => b.matmul(input, v[`${name}${i}`]!, { transposeB: true });
  const h = b.op('rmsNorm', { epsilon: 1e-5 }, x, v[`norm${i}`]!);
  const gate = b.add(linear(h, 'gate'), linear(linear(h, 'a'), 'b'));
  return b.add(x, linear(b.op('swiglu', {}, gate, linear(h, 'up')), 'down'));
}
