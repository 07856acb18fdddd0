import { Failure } from '../../failure/failure';

export const chatPartUnsupported = (what: string): Failure =>
  new Failure('chat-part-unsupported', `Adapters read text alone, and this conversation has ${what}.`, {
    hint: 'Start a new chat, and ask with text.',
  });

export const chatToolsUnsupported = (): Failure =>
  new Failure('chat-tools-unsupported', 'Adapters call no tools, and this request wants one to be called.', {
    hint: 'Choose another model for what needs tools, or ask without them (Ask instead of Agent).',
  });

export const chatOptionInvalid = (name: string, wanted: string): Failure =>
  new Failure('chat-option-invalid', `The model option ${name} must be ${wanted}.`, {
    hint: 'Correct it where the request is made, or leave it out.',
  });

/** What the command line answers with options is answered with what the editor has. */
const hints: Readonly<Record<string, string>> = {
  'base-of-adapter-unknown':
    'Fetch it with LoRA: Download Base Model, or put its folder where adapter_config.json says (base_model_name_or_path).',
  'model-missing': 'Put the folder of the base model back where it was, or reload the window if it is elsewhere now.',
};

/** Any error as one text: what happened, then what to do next. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = error instanceof Failure ? error.code : '';
  const hint = hints[code] ?? ('hint' in error && typeof error.hint === 'string' ? error.hint : '');
  return `${error.message} ${hint}`.trim();
}
