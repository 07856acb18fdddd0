import { Failure } from '../../failure/failure';
import { EngineCrash } from './engineCrash';

/** What the command line answers with its options is answered with what the editor has. */
const hints: Readonly<Record<string, string>> = {
  'address-unusable': 'Set lora.serve.port to another port, or to 0 for any that is free.',
  'adapter-misfit': 'Use it with the base model that it was trained on: its adapter_config.json names it.',
  'adapter-name-taken': 'Rename the adapter: programs ask for it by its name.',
  'base-of-adapter-unknown':
    'Fetch it with LoRA: Download Base Model, or put its folder where adapter_config.json says (base_model_name_or_path).',
  'model-missing': 'Put the folder of the base model back where it was, or reload the window if it is elsewhere now.',
  'chat-template-missing':
    'Use LoRA: Serve Adapters, which continues texts, or an adapter of an instruct or chat model.',
  'publish-is-public': 'Choose another name, or make that repository private on its page.',
  'prompt-empty': 'Ask with some text.',
};

/** What happened, where the command line's words are about its options. */
const messages: Readonly<Record<string, string>> = {
  'chat-template-missing': 'This model has no chat template, so it cannot hold a conversation.',
};

/** A crash of what makes texts loses nothing but the text. */
export const crashHint =
  'Try again: the model is loaded anew. If it happens again, there may be too little memory for it; LoRA: Show Engine Log says more.';

/** A failure in the editor's words, with a next step that it offers; any other error as it is. */
export function inEditorWords(error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  const { code, message, place, exitCode } = error;
  const hint = hints[code] ?? error.hint;
  return new Failure(code, messages[code] ?? message, {
    exitCode,
    ...(hint === undefined ? {} : { hint }),
    ...(place === undefined ? {} : { place }),
  });
}

/** Any error of what makes texts as one text: what happened, then what to do next. */
export function wordsOf(error: unknown): string {
  if (error instanceof EngineCrash) return `${error.message} ${crashHint}`;
  if (!(error instanceof Error)) return String(error);
  const said = inEditorWords(error);
  return said instanceof Failure && said.hint !== undefined ? `${said.message} ${said.hint}` : error.message;
}
