import { openTokenizer, readTokenizerParts } from '../../data/tokenizer';
import type { Tokenizer } from '../../data/tokenizer';
import { readWeight, tokenizerSource } from '../../facts/baseModel';
import type { BaseModel } from '../../facts/baseModel';
import { encodeGguf, fillsRows, holds } from '../../formats/gguf/encode';
import type { WrittenType } from '../../formats/gguf/encode';
import { ggufNotFinite, ggufUnwritable } from '../../formats/gguf/failures';
import { readGguf } from '../../formats/gguf/readGguf';
import { architectureName, ggufPlace, interleaved } from '../../formats/gguf/toGguf';
import { tokenizerMetadata } from '../../formats/gguf/tokenizerMetadata';
import { writeGguf } from '../../formats/gguf/writeGguf';
import type { GgufEntry, GgufTensorToWrite } from '../../formats/gguf/writeGguf';
import { mergedDelta } from '../../lora/merge';
import type { Model } from '../../models/model';
import type { Rope } from '../../models/rope';
import type { ExportFormat, ExportSource } from './exportFormat';

/** llama.cpp's numbers of number formats (`general.file_type`): all but vectors as the name says. */
const fileTypes = { F32: 0, F16: 1, Q8_0: 7 } as const;

/** Base model and adapter as one GGUF file, with tokenizer and chat template. */
export function ggufModelFormat(type: WrittenType): ExportFormat {
  return {
    purpose: `base model and adapter as one model for llama.cpp and Ollama, in ${type}`,
    isFolder: false,
    ending: type === 'F16' ? '.gguf' : `.${type.toLowerCase()}.gguf`,
    async write(source, target) {
      const { base } = source;
      checkWritable(base.model);
      const metadata = new Map<string, GgufEntry>([
        ['general.architecture', { text: architectureName(base.model.modelType) }],
        ['general.type', { text: 'model' }],
        ['general.name', { text: source.name }],
        ['general.file_type', { u32: fileTypes[type] }],
        ['general.quantization_version', { u32: 2 }],
        ...modelMetadata(base.model),
        ...(await tokenizerEntries(base)),
      ]);
      const tensors = [...ropeTensors(base.model), ...mergedTensors(source, type)];
      await writeGguf(target, metadata, tensors);
      const { size } = readGguf(target).tensors;
      return [`Read again, all ${size} tensors are in their places.`, ...windowNotes(base.model)];
    },
  };
}

/**
 * GGUF has no keys for what llama.cpp computes the same way in every model of a kind.
 * @throws Failure `gguf-unwritable`
 */
function checkWritable({ numbers: { activation, scales, headSize, rope } }: Model): void {
  if (activation !== (rope === undefined ? 'gelu_tanh' : 'silu')) {
    throw ggufUnwritable(`the activation function ${activation} in its feed-forward layers`);
  }
  if (scales.some((scale) => scale !== headSize ** -0.5)) {
    throw ggufUnwritable(
      'attention scores scaled in another way than usual (scale_attn_weights, scale_attn_by_inverse_layer_idx)',
    );
  }
}

/** @throws Failure `gguf-unwritable` */
function modelMetadata({
  modelType,
  numbers,
  blocks,
  contextLength,
  hiddenSize,
  vocabSize,
}: Model): [string, GgufEntry][] {
  const architecture = architectureName(modelType);
  const { heads, kvHeads, headSize, innerSize, epsilon, rope } = numbers;
  const entries: Readonly<Record<string, GgufEntry>> = {
    block_count: { u32: blocks },
    context_length: { u32: contextLength },
    embedding_length: { u32: hiddenSize },
    feed_forward_length: { u32: innerSize },
    vocab_size: { u32: vocabSize },
    'attention.head_count': { u32: heads },
    'attention.head_count_kv': { u32: kvHeads },
    ...(rope === undefined
      ? { 'attention.layer_norm_epsilon': { f32: epsilon } }
      : {
          'attention.layer_norm_rms_epsilon': { f32: epsilon },
          'attention.key_length': { u32: headSize },
          'attention.value_length': { u32: headSize },
          'rope.dimension_count': { u32: headSize },
          'rope.freq_base': { f32: rope.theta },
          ...scalingEntries(rope),
        }),
  };
  return Object.entries(entries).map(([key, entry]) => [`${architecture}.${key}`, entry]);
}

function scalingEntries({ scaling }: Rope): Readonly<Record<string, GgufEntry>> {
  switch (scaling.type) {
    case 'default':
    case 'llama3':
      return {};
    case 'linear':
      return { 'rope.scaling.type': { text: 'linear' }, 'rope.scaling.factor': { f32: scaling.factor } };
    case 'yarn':
      if (!scaling.isUsual) throw ggufUnwritable('YaRN rotations with values of its own');
      return {
        'rope.scaling.type': { text: 'yarn' },
        'rope.scaling.factor': { f32: scaling.factor },
        'rope.scaling.original_context_length': { u32: scaling.original },
      };
  }
}

/** Llama 3's rotations are a tensor: by what each frequency is divided. */
function ropeTensors({ numbers: { rope, headSize } }: Model): GgufTensorToWrite[] {
  if (rope?.scaling.type !== 'llama3') return [];
  const divisors = Float32Array.from(
    rope.frequencies,
    (frequency, i) => rope.theta ** ((-2 * i) / headSize) / frequency,
  );
  return [
    {
      name: 'rope_freqs.weight',
      type: 'F32',
      shape: [divisors.length],
      write: (write) => write(encodeGguf('F32', divisors)),
    },
  ];
}

/** Every weight of base and adapter together, one in memory at a time. */
function mergedTensors(source: ExportSource, type: WrittenType): GgufTensorToWrite[] {
  const { model } = source.base;
  const isChanged = (name: string): boolean =>
    source.values.has(name) || source.adapter.targets.some(({ path }) => `${path}.weight` === name);
  // Of two that share a weight and of which one is changed, the other keeps the old one.
  const untied = [...model.tied].filter(([alias, weight]) => isChanged(alias) || isChanged(weight));
  const names = [...model.parameters.keys(), ...untied.map(([alias]) => alias)];
  return names.map((weight) => tensorOf(source, weight, type));
}

function tensorOf(source: ExportSource, weight: string, wanted: WrittenType): GgufTensorToWrite {
  const { model } = source.base;
  const { heads, kvHeads } = model.numbers;
  const { name, layout } = ggufPlace(model.modelType, weight, { query: heads, key: kvHeads });
  const shape = model.parameters.get(weight) ?? model.parameters.get(model.tied.get(weight)!)!;
  const stored = layout === 'transposed' ? shape.toReversed() : shape;
  const type = storedType(wanted, name, stored);
  return {
    name,
    type,
    shape: stored,
    write: async (write) => {
      source.signal.throwIfAborted();
      const values = await mergedWeight(source, weight);
      const ordered =
        layout === 'same'
          ? values
          : layout === 'transposed'
            ? transposed(values, shape)
            : interleaved(values, shape[0]!, layout.heads);
      if (!ordered.every((value) => holds(type, value))) throw ggufNotFinite(weight, type);
      await write(encodeGguf(type, ordered));
    },
  };
}

/** Vectors and learnt positions stay in single precision, as llama.cpp wants them. */
function storedType(wanted: WrittenType, name: string, shape: readonly number[]): WrittenType {
  if (shape.length < 2 || name === 'position_embd.weight') return 'F32';
  return fillsRows(wanted, shape.at(-1)!) ? wanted : 'F16';
}

async function mergedWeight({ base, adapter, values }: ExportSource, weight: string): Promise<Float32Array> {
  const own = values.get(weight);
  if (own !== undefined) return own;
  const merged = await readWeight(base, weight);
  const target = adapter.targets.find(({ path }) => `${path}.weight` === weight);
  if (target === undefined) return merged;
  const trained = adapter.trainables.filter((trainable) => trainable.target === target);
  const [a, b] = (['A', 'B'] as const).map((end) =>
    values.get(trained.find(({ role }) => role.endsWith(`_${end}`))!.name)!,
  );
  const delta = mergedDelta(target, a!, b!);
  return merged.map((value, i) => value + delta[i]!);
}

/** [rows, columns] → [columns, rows] */
function transposed(values: Float32Array, [rows = 1, columns = 1]: readonly number[]): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  }
  return result;
}

async function tokenizerEntries(base: BaseModel): Promise<ReadonlyMap<string, GgufEntry>> {
  const source = await tokenizerSource(base);
  const { json, named, added } = await readTokenizerParts(source);
  const tokenizer = await openTokenizer(source);
  return tokenizerMetadata({
    json: { ...json },
    named,
    added,
    adds: addsOf(tokenizer),
    chatTemplate: base.folder.chatTemplate,
    rows: base.model.vocabSize,
  });
}

/** What the tokenizer puts around a text, seen at one. */
function addsOf(tokenizer: Tokenizer): { readonly bos: boolean; readonly eos: boolean } {
  const ids = tokenizer.encode('a');
  const plain = tokenizer.encode('a', { addSpecialTokens: false });
  const has = (id: number | undefined, at: number): boolean =>
    id !== undefined && ids.at(at) === id && plain.at(at) !== id;
  return { bos: has(tokenizer.bosId, 0), eos: has(tokenizer.eosId, -1) };
}

function windowNotes({ numbers: { windows } }: Model): string[] {
  const window = windows.find((size) => size !== null);
  if (window === undefined) return [];
  return [
    `llama.cpp does not know this model's sliding window: beyond ${window} tokens it answers otherwise than here.`,
  ];
}
