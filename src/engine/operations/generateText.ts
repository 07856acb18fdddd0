import type {
  Completion,
  GeneratedText,
  Generation,
  GenerationOptions,
  LikelyToken,
  WeightedAdapter,
} from '../../run/answers';
import type { ChosenToken } from '../generate/continuation';
import { TextModel } from './textModel';

/** Continues a prompt with the base model, with adapters, or with both for comparison. */
export async function generateText(
  options: GenerationOptions,
  onText: (piece: GeneratedText) => void,
  signal?: AbortSignal,
): Promise<Generation> {
  const { adapters, compare } = options;
  const model = await TextModel.open({
    baseModel: options.baseModel,
    rows: 1,
    maxLength: Infinity,
    holdsAdapters: true,
  });
  try {
    for (const { folder } of adapters) await model.attach(folder, folder);
    const ids = options.chat
      ? model.encodeChat([{ role: 'user', content: options.prompt }])
      : model.encode(options.prompt);
    // Models may know more than a hundred thousand positions.
    model.expectAtMost(ids.length + options.maxNewTokens);
    const completions: Completion[] = [];
    for (const active of compare && adapters.length > 0 ? [[], adapters] : [adapters]) {
      completions.push(await complete(model, ids, active, options, onText, signal));
    }
    return { prompt: options.prompt, completions };
  } finally {
    await model.close();
  }
}

async function complete(
  model: TextModel,
  ids: Int32Array,
  active: readonly WeightedAdapter[],
  options: GenerationOptions,
  onText: (piece: GeneratedText) => void,
  signal: AbortSignal | undefined,
): Promise<Completion> {
  const adapter = active.length === 0 ? null : active.map(({ folder }) => folder).join(' + ');
  const adapters = active.map(({ folder, weight }) => ({ name: folder, weight }));
  const continuation = await model.generate({ ...options, ids, adapters, signal });
  const likelihoods: ChosenToken[] = [];
  const began = performance.now();
  for await (const { text, tokens } of continuation) {
    likelihoods.push(...tokens);
    if (text !== '') onText({ adapter, text });
  }
  const seconds = (performance.now() - began) / 1000;
  const { text, count, finishReason } = continuation;
  const told = (token: { id: number; logProbability: number }): LikelyToken => ({
    id: token.id,
    text: model.tokenizer.tokenText(token.id),
    logprob: token.logProbability,
  });
  return {
    adapter,
    text,
    tokens: count,
    tokens_per_second: count / seconds,
    finish_reason: finishReason ?? 'stop',
    ...(options.topLogProbabilities === undefined
      ? {}
      : { logprobs: likelihoods.map((token) => ({ ...told(token), top: token.top.map(told) })) }),
  };
}
