import type { PlaygroundPiece } from '../../run/playground';
import type { ShownText } from '../../run/playgroundProtocol';
import { element, setText } from '../page/element';
import { SpanCursor } from '../page/spanCursor';
import { bandOf, tokenWords } from './likelihood';

/** The text of one column as it grows; arrow keys go from token to token and say how likely each was. */
export class OutputView {
  readonly root = element('div', { class: 'output-part' });
  private readonly text = element('div', { class: 'output', role: 'group', tabindex: 0 });
  private readonly readout = element('p', { class: 'readout note', role: 'status' });
  private readonly spans: HTMLElement[] = [];
  /** Pieces behind the spans. */
  private pieces: readonly PlaygroundPiece[] = [];
  private shown = 0;
  private run: number | undefined;
  private readonly cursor = new SpanCursor(this.text, this.spans, (at) => this.say(at));
  private marked: HTMLElement | undefined;

  constructor(label: string) {
    this.text.setAttribute('aria-label', `Text of ${label}. The arrow keys go from token to token.`);
    this.root.append(this.text, this.readout);
    this.text.addEventListener('mouseover', ({ target }) => {
      const at = this.cursor.at(target);
      if (at >= 0) this.say(at);
    });
  }

  /** Shows a text: what is new of the same run is appended. */
  update(run: number, { pieces }: ShownText): void {
    if (run !== this.run || pieces.length < this.shown) this.clear();
    this.run = run;
    this.pieces = pieces;
    const added = pieces.slice(this.shown).map((piece) => {
      const band = bandOf(piece);
      const span = element('span', { class: band === undefined ? 'piece' : `piece ${band.name}` }, piece.text);
      this.spans.push(span);
      return span;
    });
    this.shown = pieces.length;
    this.text.append(...added);
  }

  clear(): void {
    this.text.replaceChildren();
    this.spans.length = 0;
    this.pieces = [];
    this.shown = 0;
    this.cursor.reset();
    this.run = undefined;
    setText(this.readout, '');
  }

  /** Marks the first token that is another one than in the first column. */
  mark(piece: number | null): void {
    const span = piece === null ? undefined : this.spans[piece];
    if (span === this.marked) return;
    this.marked?.classList.remove('differs');
    span?.classList.add('differs');
    this.marked = span;
  }

  /** Puts the focus on a piece. */
  focus(piece: number): void {
    this.text.focus();
    this.cursor.go(piece);
  }

  private say(at: number): void {
    const tokens = this.pieces[at]?.tokens ?? [];
    const before = this.pieces.slice(0, at).reduce((count, piece) => count + piece.tokens.length, 0);
    const words = tokens.map((token, i) => `Token ${before + i + 1}: ${tokenWords(token)}`);
    setText(this.readout, words.length === 0 ? 'No probability is known of this piece.' : words.join(' · '));
  }
}
