/** A part of the steps, as shown on the horizontal axes. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Fewest steps that a chart can be zoomed to. */
const smallest = 4;

/** `factor` below 1 zooms in, above 1 out; `anchor` stays where it is. */
export function zoom(span: Span, all: Span, factor: number, anchor: number): Span {
  const length = clamp((span.to - span.from) * factor, Math.min(smallest, all.to - all.from), all.to - all.from);
  const share = (anchor - span.from) / (span.to - span.from);
  return within({ from: anchor - share * length, to: anchor + (1 - share) * length }, all);
}

/** Moves by a share of what is shown; positive is later. */
export function pan(span: Span, all: Span, share: number): Span {
  const by = share * (span.to - span.from);
  return within({ from: span.from + by, to: span.to + by }, all);
}

/** The span, moved just so far that `step` is in it. */
export function reveal(span: Span, all: Span, step: number): Span {
  const by = step < span.from ? step - span.from : step > span.to ? step - span.to : 0;
  return by === 0 ? span : within({ from: span.from + by, to: span.to + by }, all);
}

/** Moved into `all` without changing its length; cut where it is longer. */
function within({ from, to }: Span, all: Span): Span {
  const length = Math.min(to - from, all.to - all.from);
  const start = clamp(from, all.from, all.to - length);
  return { from: start, to: start + length };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
