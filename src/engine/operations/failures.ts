import { Failure } from '../../failure/failure';

const initFrom = { path: 'lora.init_from' };

/** `detail` is half a sentence: what about the adapter's tensors is other than the recipe's. */
export const initFromMisfit = (folder: string, detail: string): Failure =>
  new Failure('init-from-misfit', `The adapter in ${folder} cannot be the start of this recipe: ${detail}.`, {
    hint: 'Use the same base model, and let lora.r, target_modules, bias and modules_to_save match its adapter_config.json.',
    place: initFrom,
  });

/** `base` is the model that `naming` names, where that is another one than it was held against. */
export const adapterMisfit = (
  folder: string,
  detail: string,
  base: string | null,
  naming = 'Its adapter_config.json',
): Failure =>
  new Failure('adapter-misfit', `The adapter in ${folder} was not made for this base model: ${detail}.`, {
    hint:
      base === null
        ? 'Give the base model that it was trained on with --base-model.'
        : `${naming} names "${base}" as its base model: give that one with --base-model.`,
    place: { file: folder },
  });

/** `folder` is of an adapter that replaces weights. */
export const adaptersNotCombinable = (folder: string): Failure =>
  new Failure(
    'adapters-not-combinable',
    'These adapters cannot be combined exactly: one of them replaces weights of the base model (modules_to_save or bias).',
    {
      hint: 'Use it alone, or combine adapters that were trained with modules_to_save empty and bias "none".',
      place: { file: folder },
      exitCode: 2,
    },
  );

export const adapterUnknown = (name: string, known: readonly string[]): Failure =>
  new Failure('adapter-unknown', `No adapter is attached under the name "${name}".`, {
    hint: known.length === 0 ? 'Attach one first.' : `These are attached: ${known.join(', ')}.`,
  });

export const apiKeyNeeded = (host: string): Failure =>
  new Failure('api-key-needed', `At ${host} other computers could use the model, so an API key is needed.`, {
    hint: 'Write a long random word into a file and give it with --api-key-file, or listen on 127.0.0.1.',
    exitCode: 2,
  });

export const addressUnusable = (host: string, port: number, cause: unknown): Failure =>
  new Failure('address-unusable', `The server cannot listen on ${host}, port ${port}.`, {
    hint:
      (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
        ? 'Another program does already: end it, or choose another --port.'
        : 'Check --host and --port.',
    exitCode: 3,
    cause,
  });

export const adapterNameTaken = (name: string): Failure =>
  new Failure('adapter-name-taken', `Two models would be called "${name}".`, {
    hint: 'Give each adapter a name of its own: --adapter name=DIR.',
    exitCode: 2,
  });

export const promptTooLong = (tokens: number, maxLength: number): Failure =>
  new Failure(
    'prompt-too-long',
    `The prompt has ${tokens} tokens, and there is room for ${maxLength} with the answer.`,
    {
      hint: 'Shorten the prompt, or use a model with a longer context.',
    },
  );

/** `cause` is what the template said. */
export const chatRefused = (cause: unknown): Failure =>
  new Failure(
    'chat-template-refused',
    `The model's chat template does not take these messages: ${cause instanceof Error ? cause.message : String(cause)}.`,
    { hint: 'Most templates want a user message first, and user and assistant in turns.', cause },
  );

export const noChatTemplate = (model: string): Failure =>
  new Failure('chat-template-missing', 'This model has no chat template, so it cannot be asked with --chat.', {
    hint: 'Leave --chat out, or use an instruct or chat model.',
    place: { file: model },
  });

export const promptEmpty = (): Failure =>
  new Failure('prompt-empty', 'The prompt has no token for the model to continue.', {
    hint: 'Give a prompt with --prompt TEXT.',
    exitCode: 2,
  });

export const evaluationMasked = (file: string, rows: number): Failure =>
  new Failure(
    'evaluation-all-masked',
    `Nothing can be measured on the ${rows === 1 ? 'row that is' : `${rows} rows that are`} set aside for evaluation: ` +
      'every token of an answer is masked or cut off.',
    {
      hint: 'Set dataset.eval_split to 0, raise dataset.max_length, or name another file in dataset.eval_path.',
      place: { file },
    },
  );

/** `what` is the method or expression, `why` what is wrong with it. */
export const scorePatternInvalid = (what: string, why: string): Failure =>
  new Failure('score-invalid', `Answers cannot be scored by "${what}": ${why}.`, {
    hint: 'Use --score exact, --score gsm8k, or --score "regex:PATTERN" with a JavaScript regular expression.',
    exitCode: 2,
  });

export const nothingToScore = (file: string, rows: number): Failure =>
  new Failure(
    'evaluation-not-scorable',
    `None of the ${rows} rows that were read has a question and an answer, so answers cannot be scored.`,
    { hint: 'Use rows with prompt and completion or with messages, or leave --score out.', place: { file } },
  );

export const weightBeyondHalf = (name: string, largest: number): Failure =>
  new Failure(
    'weight-beyond-fp16',
    `The weight "${name}" holds the number ${Number(largest.toPrecision(5))}, and fp16 has none beyond 65504.`,
    { hint: 'Set engine.precision to "fp32" for this model.', place: { path: 'engine.precision' } },
  );
