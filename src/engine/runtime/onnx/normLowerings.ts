import type { GeluApproximation, Node, Value } from '../../graph/types';
import type { NormOp } from '../opGroups';
import type { Emitter } from './emitter';
import { inputNames, resultName } from './lowering';
import type { Lowerings } from './lowering';

/** Normalizations and GELU, with their gradients. */
export const norms: Lowerings<NormOp> = {
  rmsNorm: (e, node) => {
    const { epsilon } = node.attributes;
    const inverse = e.provider.givesNormStatistics ? [e.fresh('inverse_rms')] : [];
    e.node(
      'SimplifiedLayerNormalization',
      inputNames(e, node),
      { axis: -1, epsilon: { float: epsilon }, stash_type: 1 },
      { outputs: [resultName(e, node), ...inverse] },
    );
    if (inverse.length > 0) e.normStatistics('rms', node.inputs[0]!, epsilon, () => inverse);
  },

  // With r = 1/rms(x) and g = dy∘w:  dx = r·(g − x·r²·mean(g∘x))
  rmsNormGrad: (e, node) => {
    const [x, w, dy] = node.inputs as [Value, Value, Value];
    const [inverse] = rmsStatistics(e, x, node.attributes.epsilon);
    const g = e.node('Mul', [e.name(dy), e.name(w)]);
    const mean = meanOfProduct(e, g, e.name(x));
    const share = e.node('Mul', [mean, e.node('Mul', [inverse!, inverse!])]);
    const correction = e.node('Mul', [e.name(x), share]);
    e.node('Mul', [e.node('Sub', [g, correction]), inverse!], {}, { output: resultName(e, node) });
  },

  rmsNormWeightGrad: (e, node) => {
    const [x, dy] = node.inputs as [Value, Value];
    const [inverse] = rmsStatistics(e, x, node.attributes.epsilon);
    const normalized = e.node('Mul', [e.gate(e.name(x), x.shape, dy), inverse!]);
    sumOverRows(e, node, e.node('Mul', [e.name(dy), normalized]));
  },

  layerNorm: (e, node) => {
    const { epsilon } = node.attributes;
    if (!e.provider.centresBeforeSquaring) {
      layerNormInParts(e, node);
      return;
    }
    const [mean, inverse] = [e.fresh('mean'), e.fresh('inverse_deviation')];
    e.node(
      'LayerNormalization',
      inputNames(e, node),
      { axis: -1, epsilon: { float: epsilon } },
      { outputs: [resultName(e, node), mean, inverse] },
    );
    e.normStatistics('layer', node.inputs[0]!, epsilon, () => [mean, inverse]);
  },

  // With x̂ = (x − mean)·r and g = dy∘w:  dx = r·(g − mean(g) − x̂·mean(g∘x̂))
  layerNormGrad: (e, node) => {
    const [x, w, dy] = node.inputs as [Value, Value, Value];
    const { normalized, inverse } = normalize(e, x, node.attributes.epsilon, dy);
    const g = e.node('Mul', [e.name(dy), e.name(w)]);
    const centred = e.node('Sub', [g, e.node('ReduceMean', [g, e.constant('i64', [-1])], { keepdims: 1 })]);
    const correction = e.node('Mul', [normalized, meanOfProduct(e, g, normalized)]);
    e.node('Mul', [e.node('Sub', [centred, correction]), inverse], {}, { output: resultName(e, node) });
  },

  layerNormWeightGrad: (e, node) => {
    const [x, dy] = node.inputs as [Value, Value];
    const { normalized } = normalize(e, x, node.attributes.epsilon, dy);
    sumOverRows(e, node, e.node('Mul', [e.name(dy), normalized]));
  },

  gelu: (e, node) => {
    e.node('Gelu', inputNames(e, node), { approximate: node.attributes.approximate }, { output: resultName(e, node) });
  },

  geluGrad: (e, node) => {
    const [x, dy] = node.inputs as [Value, Value];
    const slope = geluSlope(e, e.gate(e.name(x), x.shape, dy), node.attributes.approximate);
    e.node('Mul', [e.name(dy), slope], {}, { output: resultName(e, node) });
  },
};

/** The derivative of GELU, exact (Φ(x) + x·φ(x)) or of its tanh approximation. */
function geluSlope(e: Emitter, x: string, approximate: GeluApproximation): string {
  const c = (value: number): string => e.constant('f32', value);
  const square = e.node('Mul', [x, x]);
  if (approximate === 'none') {
    const erf = e.node('Erf', [e.node('Mul', [x, c(Math.SQRT1_2)])]);
    const cumulative = e.node('Mul', [e.node('Add', [erf, c(1)]), c(0.5)]);
    const density = e.node('Exp', [e.node('Mul', [square, c(-0.5)])]);
    return e.node('Add', [cumulative, e.node('Mul', [e.node('Mul', [x, density]), c(1 / Math.sqrt(2 * Math.PI))])]);
  }
  // gelu(x) = ½x(1 + t), t = tanh(u), u = k(x + 0.044715x³); slope = ½(1 + t) + ½x(1 − t²)·k(1 + 3·0.044715x²)
  const k = Math.sqrt(2 / Math.PI);
  const inner = e.node('Mul', [x, e.node('Add', [e.node('Mul', [square, c(0.044715 * k)]), c(k)])]);
  const t = e.node('Tanh', [inner]);
  const innerSlope = e.node('Add', [e.node('Mul', [square, c(3 * 0.044715 * k)]), c(k)]);
  const rest = e.node('Mul', [e.node('Mul', [x, e.node('Sub', [c(1), e.node('Mul', [t, t])])]), innerSlope]);
  return e.node('Mul', [e.node('Add', [e.node('Add', [t, c(1)]), rest]), c(0.5)]);
}

/** 1/sqrt(mean(x²) + epsilon), [..., 1]: from the forward norm of x where there is one. */
function rmsStatistics(e: Emitter, x: Value, epsilon: number): readonly string[] {
  return e.normStatistics('rms', x, epsilon, () => {
    const mean = e.node('ReduceMean', [e.node('Mul', [e.name(x), e.name(x)]), e.constant('i64', [-1])], {
      keepdims: 1,
    });
    return [e.node('Reciprocal', [e.node('Sqrt', [e.node('Add', [mean, e.constant('f32', epsilon)])])])];
  });
}

function layerNormInParts(e: Emitter, node: Node<'layerNorm'>): void {
  const [x, w, bias] = inputNames(e, node) as [string, string, string];
  const [mean, inverse] = layerStatistics(e, node.inputs[0]!, node.attributes.epsilon);
  const normalized = e.node('Mul', [e.node('Sub', [x, mean!]), inverse!]);
  e.node('Add', [e.node('Mul', [normalized, w]), bias], {}, { output: resultName(e, node) });
}

/** Mean and 1/σ of x, [..., 1]: from the forward norm of x where there is one. */
function layerStatistics(e: Emitter, x: Value, epsilon: number): readonly string[] {
  return e.normStatistics('layer', x, epsilon, () => {
    const average = e.node('ReduceMean', [e.name(x), e.constant('i64', [-1])], { keepdims: 1 });
    const centred = e.node('Sub', [e.name(x), average]);
    const variance = e.node('ReduceMean', [e.node('Mul', [centred, centred]), e.constant('i64', [-1])], {
      keepdims: 1,
    });
    const deviation = e.node('Sqrt', [e.node('Add', [variance, e.constant('f32', epsilon)])]);
    return [average, e.node('Reciprocal', [deviation])];
  });
}

/** x̂ and 1/σ, not before `after` is there. */
function normalize(e: Emitter, x: Value, epsilon: number, after: Value): { normalized: string; inverse: string } {
  const [mean, inverse] = layerStatistics(e, x, epsilon);
  return {
    normalized: e.node('Mul', [e.node('Sub', [e.gate(e.name(x), x.shape, after), mean!]), inverse!]),
    inverse: inverse!,
  };
}

function meanOfProduct(e: Emitter, a: string, b: string): string {
  return e.node('ReduceMean', [e.node('Mul', [a, b]), e.constant('i64', [-1])], { keepdims: 1 });
}

/** Sums over all axes but the last: the gradient of a weight that every row shares. */
function sumOverRows(e: Emitter, node: Node, product: string): void {
  const axes = node.inputs[0]!.shape.slice(0, -1).map((_, axis) => axis);
  e.node(
    'ReduceSum',
    [product, e.constant('i64', axes)],
    { keepdims: 0, noop_with_empty_axes: 1 },
    { output: resultName(e, node) },
  );
}
