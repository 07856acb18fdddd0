/** The place of a reader in a text of spans: arrow keys, Home and End move it; one span is `current`. */
export class SpanCursor {
  private current = -1;

  /**
   * @param text what has the focus and holds the spans
   * @param spans by their number; more may come
   * @param say told of each move
   */
  constructor(
    text: HTMLElement,
    private readonly spans: readonly HTMLElement[],
    private readonly say: (at: number) => void,
  ) {
    text.addEventListener('keydown', (event) => this.key(event));
    text.addEventListener('click', ({ target }) => this.go(this.at(target)));
  }

  /** The number of the span that an event is about; -1 for none. */
  at(target: EventTarget | null): number {
    return target instanceof HTMLElement ? this.spans.indexOf(target) : -1;
  }

  /** To a span, if there is one of that number. */
  go(at: number): void {
    const span = this.spans[at];
    if (span === undefined) return;
    this.spans[this.current]?.classList.remove('current');
    this.current = at;
    span.classList.add('current');
    span.scrollIntoView({ block: 'nearest' });
    this.say(at);
  }

  /** Before the first span. */
  reset(): void {
    this.current = -1;
  }

  private key(event: KeyboardEvent): void {
    const last = this.spans.length - 1;
    const aims: Readonly<Record<string, number>> = {
      ArrowRight: Math.min(last, this.current + 1),
      ArrowLeft: Math.max(0, this.current - 1),
      Home: 0,
      End: last,
    };
    const aim = aims[event.key];
    if (aim === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.go(aim);
  }
}
