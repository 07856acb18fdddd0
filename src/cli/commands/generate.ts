import type { Completion, GeneratedText, GenerationOptions } from '../../run/answers';
import { numberOption, requiredOption } from '../arguments';
import { printJson, type Command, type CommandContext, type CommandInput } from '../command';
import { wrongUsage } from '../failures';
import { shortPath } from '../loadRecipe';
import { baseModel, modelOptions, weightedAdapters } from '../modelOptions';
import { printable } from '../terminal';

export const generateCommand: Command = {
  name: 'generate',
  summary: 'Let the model continue a prompt, with or without adapters',
  arguments: [],
  options: {
    ...modelOptions,
    prompt: { type: 'text', value: 'TEXT', description: 'What the model continues or answers.' },
    'max-new-tokens': { type: 'text', value: 'N', description: 'Length of the answer at most (default 128).' },
    temperature: {
      type: 'text',
      value: 'T',
      description: 'How daring: 0 always takes the likeliest word (default 0).',
    },
    'top-p': {
      type: 'text',
      value: 'P',
      description: 'Choose among the likeliest words up to this share (default 1).',
    },
    'top-k': { type: 'text', value: 'K', description: 'Choose among so many likeliest words (default 0: all).' },
    'min-p': {
      type: 'text',
      value: 'P',
      description: 'Leave out words less likely than this share of the likeliest (default 0).',
    },
    'repetition-penalty': {
      type: 'text',
      value: 'R',
      description: 'Above 1, words that were there already become less likely (default 1).',
    },
    stop: { type: 'text', isList: true, value: 'TEXT', description: 'End the answer before this text.' },
    logprobs: { type: 'text', value: 'N', description: 'With --json: how likely each token and the N likeliest were.' },
    seed: { type: 'text', value: 'S', description: 'Start of the random numbers (default 42).' },
    chat: { type: 'flag', description: "Wrap the prompt in the model's chat template." },
    compare: { type: 'flag', description: 'Answer with the base model first, then with the adapters.' },
  },
  stopsWhenAsked: true,
  async run(input, context) {
    const options = readOptions(input, context);
    const engine = await context.engine();
    const writer = new StreamWriter(options, context);
    const generation = await engine.generate(options, (piece) => writer.write(piece), context.signal);
    if (context.isJson) printJson(context, generation);
    else writer.end(generation.completions);
    return context.signal.aborted ? 130 : 0;
  },
};

function readOptions(input: CommandInput, context: CommandContext): GenerationOptions {
  const adapters = weightedAdapters(input, context);
  const compare = input.flag('compare');
  if (compare && adapters.length === 0) {
    throw wrongUsage('--compare needs an --adapter to compare with the base model.');
  }
  return {
    baseModel: baseModel('generate', input, context),
    adapters,
    prompt: requiredOption('generate', input, 'prompt', 'TEXT'),
    chat: input.flag('chat'),
    compare,
    maxNewTokens: numberOption(input, 'max-new-tokens', { min: 1, isWhole: true }, 128),
    temperature: numberOption(input, 'temperature', { min: 0, max: 100 }, 0),
    topP: numberOption(input, 'top-p', { min: 0, max: 1 }, 1),
    topK: numberOption(input, 'top-k', { min: 0, isWhole: true }, 0),
    minP: numberOption(input, 'min-p', { min: 0, max: 1 }, 0),
    repetitionPenalty: numberOption(input, 'repetition-penalty', { min: 0.01, max: 100 }, 1),
    stop: input.list('stop'),
    topLogProbabilities:
      input.text('logprobs') === undefined
        ? undefined
        : numberOption(input, 'logprobs', { min: 0, max: 20, isWhole: true }, 0),
    seed: numberOption(input, 'seed', { min: 0, max: 0xffffffff, isWhole: true }, 42),
  };
}

/** Shows text as it comes; a title before each answer where there are two. */
class StreamWriter {
  readonly #options: GenerationOptions;
  readonly #context: CommandContext;
  #current: string | null | undefined;

  constructor(options: GenerationOptions, context: CommandContext) {
    this.#options = options;
    this.#context = context;
  }

  write({ adapter, text }: GeneratedText): void {
    if (this.#context.isJson) return;
    if (adapter !== this.#current) this.#begin(adapter);
    this.#context.stdout.write(printable(text));
  }

  end(completions: readonly Completion[]): void {
    const { stdout, stderr } = this.#context;
    if (this.#current !== undefined) stdout.line();
    for (const { adapter, tokens, tokens_per_second } of completions) {
      const speed = `${tokens} tokens, ${tokens_per_second.toFixed(1)} tokens/s`;
      stderr.line(stderr.paint('dim', completions.length > 1 ? `${this.#title(adapter)}: ${speed}` : speed));
    }
  }

  #begin(adapter: string | null): void {
    const { stdout } = this.#context;
    if (this.#options.compare) {
      stdout.line(`${this.#current === undefined ? '' : '\n\n'}${stdout.paint('bold', `${this.#title(adapter)}:`)}`);
    }
    this.#current = adapter;
    if (!this.#options.chat) stdout.write(stdout.paint('dim', printable(this.#options.prompt)));
  }

  #title(adapter: string | null): string {
    if (adapter === null) return 'base model';
    const folders = adapter.split(' + ').map((folder) => shortPath(folder, this.#context.cwd));
    return `with ${folders.join(' and ')}`;
  }
}
