import type { ShownTurn } from '../../run/playgroundProtocol';
import { element } from '../page/element';

/** What of a conversation stands above the answer that is written last. */
export interface ShownTalk {
  readonly earlier: readonly ShownTurn[];
  readonly prompt: string;
}

/** The earlier turns of one column's conversation, and the prompt that was written last. */
export class TurnsView {
  readonly root = element('div', { class: 'turns', role: 'group', tabindex: 0, hidden: true });
  private shown = '';

  constructor(label: string) {
    this.root.setAttribute('aria-label', `Conversation with ${label} before its last answer`);
  }

  /** @param writerOf what the column that wrote an answer is called, where it was another one than this column is now */
  show(talk: ShownTalk | undefined, writerOf: (turn: ShownTurn) => string | null): void {
    const turns = (talk?.earlier ?? []).map((turn) => ({ ...turn, writer: writerOf(turn) }));
    // Building it anew with each token would take the reader's place away.
    const key = JSON.stringify([turns, talk?.prompt]);
    if (key === this.shown) return;
    this.shown = key;
    this.root.hidden = talk === undefined;
    if (talk === undefined) {
      this.root.replaceChildren();
      return;
    }
    const items = turns.map(({ prompt, answer, writer }) =>
      element('li', {}, said('You', prompt), said(writer === null ? 'Answer' : `Answer of ${writer}`, answer)),
    );
    this.root.replaceChildren(element('ol', {}, ...items, element('li', {}, said('You', talk.prompt))));
    this.root.scrollTop = this.root.scrollHeight;
  }
}

function said(who: string, text: string): HTMLElement {
  const words = text === '' ? '(nothing)' : text;
  return element('p', { class: who === 'You' ? 'asked' : 'answered' }, element('span', { class: 'who' }, who), words);
}
