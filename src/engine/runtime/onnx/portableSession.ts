import type * as Onnx from 'onnxruntime-node';
import { loadOnnx } from './loadOnnx';
import { pastNames } from './portableModel';
import type { DecoderSizes } from './portableModel';

/** A model file of `portableModel`, opened as any program opens it. */
export interface PortableSession {
  /** Logits [positions, vocabulary] of one text, which is read in two pieces, so that keys and values are used, too. */
  logits(ids: Int32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Throws where ONNX Runtime cannot load the file. */
export async function openPortable(file: string, sizes: DecoderSizes): Promise<PortableSession> {
  const onnx = await loadOnnx();
  const session = await onnx.InferenceSession.create(file, {
    executionProviders: ['cpu'],
    logSeverityLevel: 3,
    // Packed copies of the weights would double what a whole model takes, for the reading of a few words.
    extra: { session: { disable_prepacking: '1' } },
  });
  const { kvHeads, headSize, blocks, vocabSize } = sizes;
  const whole = (from: number, to: number, value: (i: number) => number): Onnx.Tensor =>
    new onnx.Tensor(
      'int64',
      BigInt64Array.from({ length: to - from }, (_, i) => BigInt(value(from + i))),
      [1, to - from],
    );
  return {
    async logits(ids) {
      const result = new Float32Array(ids.length * vocabSize);
      const middle = Math.ceil(ids.length / 2);
      let cache: Record<string, Onnx.Tensor> = {};
      for (let block = 0; block < blocks; block++) {
        for (const name of pastNames(block)) {
          cache[name] = new onnx.Tensor('float32', new Float32Array(0), [1, kvHeads, 0, headSize]);
        }
      }
      for (const [from, to] of [
        [0, middle],
        [middle, ids.length],
      ] as const) {
        if (from === to) continue;
        const results = await session.run({
          input_ids: whole(from, to, (i) => ids[i]!),
          position_ids: whole(from, to, (i) => i),
          attention_mask: whole(0, to, () => 1),
          ...cache,
        });
        result.set(results['logits']!.data as Float32Array, from * vocabSize);
        cache = Object.fromEntries(
          Object.keys(cache).map((name) => [name, results[name.replace('past_key_values', 'present')]!]),
        );
      }
      return result;
    },
    close: () => session.release(),
  };
}
