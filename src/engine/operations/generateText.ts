import type { Completion, GeneratedText, Generation, GenerationOptions, WeightedAdapter } from '../../run/answers';
import { compileChatTemplate } from '../data/chatTemplate';
import type { Tokenizer } from '../data/tokenizer';
import { endIds, openBaseModel, openModelTokenizer } from '../facts/baseModel';
import type { BaseModel } from '../facts/baseModel';
import { generate } from '../generate/generate';
import { sampler } from '../generate/sampling';
import { TextStream } from '../generate/textStream';
import type { WeightSource } from '../runtime/runtime';
import { attach } from './attached';
import { chooseRuntime } from './chooseRuntime';
import { compileLogits } from './compile';
import { noChatTemplate, oneAdapter, promptEmpty } from './failures';
import { openWeights } from './openWeights';

/** Continues a prompt with the base model, with an adapter, or with both for comparison. */
export async function generateText(
  options: GenerationOptions,
  onText: (piece: GeneratedText) => void,
  signal?: AbortSignal,
): Promise<Generation> {
  const base = await openBaseModel(options.baseModel, process.cwd());
  const tokenizer = await openModelTokenizer(base);
  if (options.adapters.length > 1) throw oneAdapter();
  const prompt = promptIds(base, tokenizer, options);
  if (prompt.length === 0) throw promptEmpty();
  const [chosen] = options.adapters;
  const answering = options.compare || chosen === undefined ? [undefined, ...options.adapters] : options.adapters;
  const completions: Completion[] = [];
  const weights = await openWeights(base, 'none', 'cpu');
  try {
    const model = { base, tokenizer, weights: weights.source };
    for (const adapter of answering) {
      completions.push(await complete(model, prompt, adapter, options, onText, signal));
    }
  } finally {
    await weights.close();
  }
  return { prompt: options.prompt, completions };
}

interface OpenModel {
  readonly base: BaseModel;
  readonly tokenizer: Tokenizer;
  readonly weights: WeightSource;
}

async function complete(
  { base, tokenizer, weights }: OpenModel,
  prompt: Int32Array,
  chosen: WeightedAdapter | undefined,
  options: GenerationOptions,
  onText: (piece: GeneratedText) => void,
  signal: AbortSignal | undefined,
): Promise<Completion> {
  const attached = chosen === undefined ? undefined : await attach(base, chosen.folder, chosen.weight);
  const { contextLength } = base.model;
  const maxLength = Math.min(contextLength, prompt.length + options.maxNewTokens);
  const runtime = chooseRuntime({ runtime: 'auto', device: 'cpu', threads: 0 });
  const executable = await compileLogits(runtime, base, attached?.adapter, maxLength, weights);
  const adapter = chosen?.folder ?? null;
  try {
    const source = { executable, trained: attached?.tensors ?? {} };
    const limits = { maxNewTokens: options.maxNewTokens, contextLength: maxLength, endIds: endIds(base, tokenizer) };
    const stream = new TextStream(tokenizer, prompt);
    const began = performance.now();
    for await (const id of generate(source, prompt, sampler(options), limits, signal)) {
      const text = stream.push(id);
      if (text !== '') onText({ adapter, text });
    }
    const rest = stream.end();
    if (rest !== '') onText({ adapter, text: rest });
    const seconds = (performance.now() - began) / 1000;
    return { adapter, text: stream.text, tokens: stream.count, tokens_per_second: stream.count / seconds };
  } finally {
    await executable.dispose();
  }
}

function promptIds(base: BaseModel, tokenizer: Tokenizer, { prompt, chat: asChat }: GenerationOptions): Int32Array {
  if (!asChat) return tokenizer.encode(prompt);
  const template = base.folder.chatTemplate;
  if (template === undefined) throw noChatTemplate(base.folder.path);
  const chat = compileChatTemplate(template, tokenizer.specialTokens);
  const text = chat.render([{ role: 'user', content: prompt }], { addGenerationPrompt: true });
  return tokenizer.encode(text, { addSpecialTokens: false });
}
