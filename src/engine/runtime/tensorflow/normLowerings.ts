import type { GeluApproximation, Node, Value } from '../../graph/types';
import type { NormOp } from '../opGroups';
import type { Emitter } from './emitter';
import { inputSlots } from './lowering';
import type { Lowerings } from './lowering';
import type { Slot } from './plan';

/** Normalizations and GELU, with their gradients. */
export const norms: Lowerings<NormOp> = {
  rmsNorm: (e, node) => {
    const [x, w] = inputSlots(e, node) as [Slot, Slot];
    const inverse = inverseRms(e, node.inputs[0]!, node.attributes.epsilon);
    return [mul(e, mul(e, x, inverse), w)];
  },

  // With r = 1/rms(x) and g = dy∘w:  dx = r·(g − x·r²·mean(g∘x))
  rmsNormGrad: (e, node) => {
    const [x, w, dy] = inputSlots(e, node) as [Slot, Slot, Slot];
    const inverse = inverseRms(e, node.inputs[0]!, node.attributes.epsilon);
    const g = mul(e, dy, w);
    const share = mul(e, mean(e, mul(e, g, x)), e.kernel('Square', [inverse]));
    return [mul(e, e.kernel('Sub', [g, mul(e, x, share)]), inverse)];
  },

  rmsNormWeightGrad: (e, node) => {
    const [x, dy] = inputSlots(e, node) as [Slot, Slot];
    const inverse = inverseRms(e, node.inputs[0]!, node.attributes.epsilon);
    return [sumOverRows(e, node, mul(e, dy, mul(e, x, inverse)))];
  },

  layerNorm: (e, node) => {
    const [, w, bias] = inputSlots(e, node) as [Slot, Slot, Slot];
    const { normalized } = normalize(e, node.inputs[0]!, node.attributes.epsilon);
    return [e.kernel('AddV2', [mul(e, normalized, w), bias])];
  },

  // With x̂ = (x − mean)·r and g = dy∘w:  dx = r·(g − mean(g) − x̂·mean(g∘x̂))
  layerNormGrad: (e, node) => {
    const [, w, dy] = inputSlots(e, node) as [Slot, Slot, Slot];
    const { normalized, inverse } = normalize(e, node.inputs[0]!, node.attributes.epsilon);
    const g = mul(e, dy, w);
    const centred = e.kernel('Sub', [g, mean(e, g)]);
    const correction = mul(e, normalized, mean(e, mul(e, g, normalized)));
    return [mul(e, e.kernel('Sub', [centred, correction]), inverse)];
  },

  layerNormWeightGrad: (e, node) => {
    const { normalized } = normalize(e, node.inputs[0]!, node.attributes.epsilon);
    return [sumOverRows(e, node, mul(e, e.slot(node.inputs[1]!), normalized))];
  },

  gelu: (e, node) => {
    const x = e.slot(node.inputs[0]!);
    if (node.attributes.approximate === 'none') return [mul(e, x, cumulative(e, x))];
    return [mul(e, mul(e, x, half(e)), e.kernel('AddV2', [e.kernel('Tanh', [tanhArgument(e, x)]), one(e)]))];
  },

  geluGrad: (e, node) => {
    const [x, dy] = inputSlots(e, node) as [Slot, Slot];
    return [mul(e, dy, geluSlope(e, x, node.attributes.approximate))];
  },
};

const mul = (e: Emitter, a: Slot, b: Slot): Slot => e.kernel('Mul', [a, b]);
const one = (e: Emitter): Slot => e.constant('f32', 1);
const half = (e: Emitter): Slot => e.constant('f32', 0.5);
const mean = (e: Emitter, x: Slot): Slot => e.kernel('Mean', [x, e.constant('i32', [-1])], { keep_dims: true });

/** The derivative of GELU, exact (Φ(x) + x·φ(x)) or of its tanh approximation. */
function geluSlope(e: Emitter, x: Slot, approximate: GeluApproximation): Slot {
  const square = e.kernel('Square', [x]);
  if (approximate === 'none') {
    const density = e.kernel('Exp', [mul(e, square, e.constant('f32', -0.5))]);
    const weighted = mul(e, mul(e, x, density), e.constant('f32', 1 / Math.sqrt(2 * Math.PI)));
    return e.kernel('AddV2', [cumulative(e, x), weighted]);
  }
  // gelu(x) = ½x(1 + t), t = tanh(u), u = k(x + 0.044715x³); slope = ½(1 + t) + ½x(1 − t²)·k(1 + 3·0.044715x²)
  const k = Math.sqrt(2 / Math.PI);
  const t = e.kernel('Tanh', [tanhArgument(e, x)]);
  const innerSlope = e.kernel('AddV2', [mul(e, square, e.constant('f32', 3 * 0.044715 * k)), e.constant('f32', k)]);
  const rest = mul(e, mul(e, x, e.kernel('Sub', [one(e), e.kernel('Square', [t])])), innerSlope);
  return mul(e, e.kernel('AddV2', [e.kernel('AddV2', [t, one(e)]), rest]), half(e));
}

/** Φ(x), the standard normal distribution, by erfc: 1 + erf(x) would cancel far below 0. */
function cumulative(e: Emitter, x: Slot): Slot {
  return mul(e, e.kernel('Erfc', [mul(e, x, e.constant('f32', -Math.SQRT1_2))]), half(e));
}

/** √(2/π)·(x + 0.044715x³) */
function tanhArgument(e: Emitter, x: Slot): Slot {
  const k = Math.sqrt(2 / Math.PI);
  const factor = mul(e, e.kernel('Square', [x]), e.constant('f32', 0.044715 * k));
  return mul(e, x, e.kernel('AddV2', [factor, e.constant('f32', k)]));
}

/** 1/sqrt(mean(x²) + epsilon), [..., 1]: computed once for a norm and its gradients. */
function inverseRms(e: Emitter, x: Value, epsilon: number): Slot {
  return e.shared(`rms ${x.id} ${epsilon}`, () => {
    const square = mean(e, e.kernel('Square', [e.slot(x)]));
    return [e.kernel('Rsqrt', [e.kernel('AddV2', [square, e.constant('f32', epsilon)])])];
  })[0]!;
}

/** x̂ = (x − mean)/σ and 1/σ; the statistics are computed once for a norm and its gradients. */
function normalize(e: Emitter, x: Value, epsilon: number): { normalized: Slot; inverse: Slot } {
  const [average, inverse] = e.shared(`layer ${x.id} ${epsilon}`, () => {
    const centre = mean(e, e.slot(x));
    const variance = mean(e, e.kernel('Square', [e.kernel('Sub', [e.slot(x), centre])]));
    return [centre, e.kernel('Rsqrt', [e.kernel('AddV2', [variance, e.constant('f32', epsilon)])])];
  });
  return { normalized: mul(e, e.kernel('Sub', [e.slot(x), average!]), inverse!), inverse: inverse! };
}

/** Sums over all axes but the last: the gradient of a weight that every row shares. */
function sumOverRows(e: Emitter, node: Node, product: Slot): Slot {
  const axes = node.inputs[0]!.shape.slice(0, -1).map((_, axis) => axis);
  return e.kernel('Sum', [product, e.constant('i32', axes)], { keep_dims: false });
}
