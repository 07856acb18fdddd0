import type { GraphBuilder } from '../graph/builder';
import type { Value } from '../graph/types';
import type { ConfigReader } from './config';
import { configValueUnsupported } from './failures';

export type Activation = 'silu' | 'gelu' | 'gelu_tanh';

/** The names that Transformers knows each function by. */
const names: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu_python_tanh: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_accurate: 'gelu_tanh',
};

export function readActivation(config: ConfigReader, key: string): Activation {
  const name = config.text(key);
  if (!Object.hasOwn(names, name)) throw configValueUnsupported(key, name, Object.keys(names).join(', '));
  return names[name]!;
}

/** Element by element; the shape stays. */
export function activate(b: GraphBuilder, activation: Activation, x: Value): Value {
  if (activation === 'silu') return b.op('silu', {}, x);
  return b.gelu(x, activation === 'gelu' ? 'none' : 'tanh');
}
