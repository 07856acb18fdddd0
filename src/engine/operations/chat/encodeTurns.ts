import { Failure } from '../../../failure/failure';
import type { ChatTurn } from '../../../run/chat';
import type { TextModel } from '../textModel';

/**
 * A conversation as the model reads it. Many templates (Gemma's, Mistral's older ones) refuse a system message: its text then
 * stands before the first question, as those who made such models advise.
 * @throws Failure `chat-template-missing`, `chat-template-refused`
 */
export function encodeTurns(model: TextModel, turns: readonly ChatTurn[], isAsking = true): Int32Array {
  const encode = (these: readonly ChatTurn[]): Int32Array =>
    model.encodeChat(
      these.map((turn) => ({ ...turn })),
      isAsking,
    );
  try {
    return encode(turns);
  } catch (error) {
    const plain = withoutSystem(turns);
    if (plain === undefined || !(error instanceof Failure) || error.code !== 'chat-template-refused') throw error;
    try {
      return encode(plain);
    } catch {
      // It was not for the system message: what the template said of the whole is the reason.
      throw error;
    }
  }
}

/** The leading system messages before the first user's text; undefined where there is none, or nobody asks. */
function withoutSystem(turns: readonly ChatTurn[]): readonly ChatTurn[] | undefined {
  const begin = turns.findIndex(({ role }) => role !== 'system');
  const [first, ...others] = turns.slice(Math.max(0, begin));
  if (begin <= 0 || first?.role !== 'user') return undefined;
  const texts = [...turns.slice(0, begin), first].map(({ content }) => content);
  return [{ role: 'user', content: texts.join('\n\n') }, ...others];
}
