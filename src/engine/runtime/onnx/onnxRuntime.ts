import { realpathSync } from 'node:fs';
import path from 'node:path';
import type * as Onnx from 'onnxruntime-node';
import { decompose } from '../../graph/decompose';
import { distributeOneHot } from '../../graph/oneHot';
import type { Graph } from '../../graph/types';
import { verify } from '../../graph/verify';
import { bindInputs } from '../bindInputs';
import { bool, f32, i32 } from '../runtime';
import type { Executable, Runtime, Tensor, Tensors, WeightSource } from '../runtime';
import { Emitter, outputName } from './emitter';
import { encodeModel } from './proto';

export interface OnnxOptions {
  /** Number of threads for one operator; 0 leaves it to the runtime (all cores). */
  readonly threads: number;
  /** Writes a profile of each operator beside this path when the executable is disposed. */
  readonly profile?: string;
}

/** Runs graphs through onnxruntime-node on the CPU. Its native code is loaded with the first graph. */
export class OnnxRuntime implements Runtime {
  readonly name = 'onnxruntime';
  constructor(private readonly options: OnnxOptions = { threads: 0 }) {}

  async compile(graph: Graph, weights: WeightSource): Promise<Executable> {
    const lowered = verify(decompose(distributeOneHot(graph)), 'decompose');
    const { folder, source } = relativeTo(graph, weights);
    const bytes = encodeModel(new Emitter(lowered, source).emit());
    const { threads, profile } = this.options;
    const onnx = await import('onnxruntime-node');
    const session = await onnx.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'all',
      enableMemPattern: false,
      logSeverityLevel: 3,
      ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
      extra: {
        session: {
          // Packed copies of the weights, one for each direction of a product, would double what they take and
          // delay the start, for no measurable speed.
          disable_prepacking: '1',
          ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
        },
      },
    });
    return new OnnxExecutable(onnx, graph, session, profile !== undefined);
  }
}

class OnnxExecutable implements Executable {
  constructor(
    private readonly onnx: typeof Onnx,
    private readonly graph: Graph,
    private readonly session: Onnx.InferenceSession,
    private readonly profiling: boolean,
  ) {}

  async run(inputs: Tensors): Promise<Tensors> {
    // onnxruntime itself does not compare the sizes of a symbol.
    bindInputs(this.graph, inputs);
    const feeds = Object.fromEntries(this.session.inputNames.map((name) => [name, toOnnx(this.onnx, inputs[name]!)]));
    const results = await this.session.run(feeds);
    return Object.fromEntries(
      [...this.graph.outputs.keys()].map((name) => [name, fromOnnx(results[outputName(name)]!)]),
    );
  }

  async dispose(): Promise<void> {
    if (this.profiling) this.session.endProfiling();
    await this.session.release();
  }
}

/**
 * External weights must lie below one folder that is told to the runtime. Links are resolved first, because a model
 * in a hub cache is a folder of links into another one.
 */
function relativeTo(graph: Graph, weights: WeightSource): { folder: string | undefined; source: WeightSource } {
  const files = new Map<string, string>();
  for (const node of graph.nodes) {
    if (node.op !== 'weight') continue;
    const data = weights(node.attributes.name);
    if (data.kind === 'file' && !files.has(data.file)) files.set(data.file, realpathSync(data.file));
  }
  if (files.size === 0) return { folder: undefined, source: weights };
  const folder = [...files.values()].map((file) => path.dirname(file)).reduce(commonFolder);
  const source: WeightSource = (name) => {
    const data = weights(name);
    return data.kind === 'file' ? { ...data, file: path.relative(folder, files.get(data.file)!) } : data;
  };
  return { folder, source };
}

function commonFolder(a: string, b: string): string {
  let folder = a;
  while (path.relative(folder, b).startsWith('..')) folder = path.dirname(folder);
  return folder;
}

function toOnnx(onnx: typeof Onnx, tensor: Tensor): Onnx.Tensor {
  switch (tensor.dtype) {
    case 'f32':
      return new onnx.Tensor('float32', tensor.data, tensor.shape);
    case 'i32':
      return new onnx.Tensor('int32', tensor.data, tensor.shape);
    case 'bool':
      return new onnx.Tensor('bool', tensor.data, tensor.shape);
  }
}

function fromOnnx(tensor: Onnx.Tensor): Tensor {
  const { data, dims } = tensor;
  if (tensor.type === 'float32') return f32(data as Float32Array, dims);
  if (tensor.type === 'int32') return i32(data as Int32Array, dims);
  if (tensor.type === 'bool') return bool(data as Uint8Array, dims);
  throw new Error(`Results of type ${tensor.type} are not supported`);
}
