import { Failure } from '../../../failure/failure';
import type { PlaygroundProblem } from '../../../run/playgroundProtocol';
import { crashHint, inEditorWords } from '../../engine/editorWords';
import { EngineCrash } from '../../engine/engineCrash';

/** The next step in the playground, where the engine's words are about the command line. */
const hints: Readonly<Record<string, string>> = {
  'adapter-misfit':
    'Open a playground with the base model that its adapter_config.json names, and choose the adapter there.',
  'base-of-adapter-unknown': 'Choose the model that it was trained on.',
  'chat-template-missing': 'Choose Completion, or a model that was made for chats.',
  'prompt-empty': 'Write a prompt first.',
};

/** What went wrong with the playground as a whole. */
export function playgroundProblem(error: unknown): PlaygroundProblem {
  const { message, hint } = wordsOf(error);
  const isBaseUnknown = error instanceof Failure && error.code === 'base-of-adapter-unknown';
  return { message, hint, offers: isBaseUnknown ? 'choose-base' : 'retry' };
}

/** What went wrong with one text, in a line or two. */
export function textProblem(error: unknown): string {
  const { message, hint } = wordsOf(error);
  return hint === null ? message : `${message} ${hint}`;
}

function wordsOf(error: unknown): { readonly message: string; readonly hint: string | null } {
  // Its own hint is about runs.
  if (error instanceof EngineCrash) return { message: error.message, hint: crashHint };
  if (!(error instanceof Error)) return { message: String(error), hint: null };
  const said = inEditorWords(error);
  if (!(said instanceof Failure)) return { message: error.message, hint: null };
  return { message: said.message, hint: hints[said.code] ?? said.hint ?? null };
}
