import { Failure } from '../../../failure/failure';
import type { PlaygroundProblem } from '../../../run/playgroundProtocol';

/** The next step in the playground, where the engine's words are about the command line. */
const hints: Readonly<Record<string, string>> = {
  'adapter-misfit': 'Try it in a playground of its own: that one opens the base model that the adapter names.',
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

/** An engine that crashed has a hint too. */
function wordsOf(error: unknown): { readonly message: string; readonly hint: string | null } {
  if (!(error instanceof Error)) return { message: String(error), hint: null };
  const own = error instanceof Failure ? hints[error.code] : undefined;
  const hint = own ?? ('hint' in error && typeof error.hint === 'string' ? error.hint : null);
  return { message: error.message, hint };
}
