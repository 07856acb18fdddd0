import { realpathSync } from 'node:fs';
import path from 'node:path';
import type * as Onnx from 'onnxruntime-node';
import { decompose } from '../../graph/decompose';
import { nonEmpty } from '../../graph/nonEmpty';
import type { NonEmpty } from '../../graph/nonEmpty';
import { distributeOneHot } from '../../graph/oneHot';
import { plainProducts } from '../../graph/plainProducts';
import type { Graph } from '../../graph/types';
import { verify } from '../../graph/verify';
import { bindInputs } from '../bindInputs';
import { deviceFailure } from '../failures';
import { bool, f32, i32 } from '../runtime';
import type { Device, Executable, Runtime, Tensor, Tensors, WeightSource } from '../runtime';
import { continuesTexts, productsInPlace, withoutCopies } from './blocksInPlace';
import { Emitter, outputName } from './emitter';
import { cutToSize, filledIn } from './fillIn';
import { loadCudaLibraries, loadOnnx } from './loadOnnx';
import { encodeModel } from './proto';
import { providers } from './providers';

export interface OnnxOptions {
  /** Number of threads for one operator; 0 leaves it to the runtime (all cores). */
  readonly threads: number;
  /** The processor if left out. */
  readonly device?: Device;
  /** Writes a profile of each operator to `<profile>_<date>.json` when the executable is disposed. */
  readonly profile?: string;
}

/** Runs graphs through onnxruntime-node. Its native code is loaded with the first graph. */
export class OnnxRuntime implements Runtime {
  readonly name = 'onnxruntime';
  readonly device: Device;
  constructor(private readonly options: OnnxOptions = { threads: 0 }) {
    this.device = options.device ?? 'cpu';
  }

  /** @throws Failure `device-…` or `cuda-…` where a device other than the processor fails */
  async compile(graph: Graph, weights: WeightSource): Promise<Executable> {
    const { device } = this;
    const { graph: lowered, presence } = lower(graph, device);
    const { folder, source } = relativeTo(graph, weights);
    const packs = device === 'cpu' && (continuesTexts(lowered) || productsInPlace(lowered, source).products.size > 0);
    const emitted = packs ? verify(withoutCopies(lowered), 'withoutCopies') : lowered;
    const bytes = encodeModel(new Emitter(emitted, source, providers[device]).emit());
    const onnx = await loadOnnx();
    if (device === 'cuda') await loadCudaLibraries();
    const session = await onDevice(device, () => {
      return onnx.InferenceSession.create(bytes, this.#sessionOptions(folder, packs));
    });
    return new OnnxExecutable(onnx, graph, presence, session, device, this.options.profile !== undefined);
  }

  #sessionOptions(weightsFolder: string | undefined, packs: boolean): Onnx.InferenceSession.SessionOptions {
    const { threads, profile } = this.options;
    const { name, options } = providers[this.device];
    return {
      executionProviders: [{ name, ...options }],
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'all',
      enableMemPattern: false,
      logSeverityLevel: 3,
      ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
      extra: {
        session: {
          // Packed copies of the weights, one for each direction of a product, would double what they take and
          // delay the start, for no measurable speed. Products that read blocks in place need theirs; and for single
          // tokens, whose time is that of reading all weights, the order of the copies is a quarter faster.
          disable_prepacking: packs ? '0' : '1',
          ...(weightsFolder === undefined ? {} : { model_external_initializers_file_folder_path: weightsFolder }),
        },
      },
    };
  }
}

/** The graph in terms of what the device's provider computes. */
function lower(graph: Graph, device: Device): NonEmpty {
  const { computesEmpty, computesFusedProducts } = providers[device];
  const decomposed = verify(decompose(distributeOneHot(graph)), 'decompose');
  const simple = computesFusedProducts ? decomposed : verify(plainProducts(decomposed), 'plainProducts');
  if (computesEmpty) return { graph: simple, presence: new Map() };
  const rewritten = nonEmpty(simple);
  verify(rewritten.graph, 'nonEmpty');
  return rewritten;
}

class OnnxExecutable implements Executable {
  constructor(
    private readonly onnx: typeof Onnx,
    private readonly graph: Graph,
    private readonly presence: ReadonlyMap<string, string>,
    private readonly session: Onnx.InferenceSession,
    private readonly device: Device,
    private readonly profiling: boolean,
  ) {}

  async run(inputs: Tensors): Promise<Tensors> {
    // onnxruntime itself does not compare the sizes of a symbol.
    const symbols = bindInputs(this.graph, inputs);
    const fillsIn = !providers[this.device].computesEmpty;
    const given = fillsIn ? filledIn(this.graph, inputs, symbols, this.presence) : inputs;
    const feeds = Object.fromEntries(this.session.inputNames.map((name) => [name, toOnnx(this.onnx, given[name]!)]));
    const results = await onDevice(this.device, () => this.session.run(feeds));
    return Object.fromEntries(
      [...this.graph.outputs].map(([name, value]) => {
        const result = fromOnnx(results[outputName(name)]!);
        return [name, fillsIn ? cutToSize(result, value, symbols) : result];
      }),
    );
  }

  async dispose(): Promise<void> {
    if (this.profiling) this.session.endProfiling();
    await this.session.release();
  }
}

async function onDevice<T>(device: Device, compute: () => Promise<T>): Promise<T> {
  try {
    return await compute();
  } catch (error) {
    throw device === 'cpu' ? error : deviceFailure(device, error);
  }
}

/**
 * External weights must lie below one folder that is told to the runtime. Links are resolved first, because a model
 * in a hub cache is a folder of links into another one.
 */
function relativeTo(graph: Graph, weights: WeightSource): { folder: string | undefined; source: WeightSource } {
  const files = new Map<string, string>();
  for (const node of graph.nodes) {
    if (node.op !== 'weight' && node.op !== 'unpack') continue;
    const data = weights(node.attributes.name);
    if (data.kind !== 'memory' && !files.has(data.file)) files.set(data.file, realpathSync(data.file));
  }
  if (files.size === 0) return { folder: undefined, source: weights };
  const folder = [...files.values()].map((file) => path.dirname(file)).reduce(commonFolder);
  const source: WeightSource = (name) => {
    const data = weights(name);
    return data.kind !== 'memory' ? { ...data, file: path.relative(folder, files.get(data.file)!) } : data;
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
