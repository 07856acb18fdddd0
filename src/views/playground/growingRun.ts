import type { PlaygroundPiece } from '../../run/playground';
import type { ShownEnd, ShownNews, ShownRun } from '../../run/playgroundProtocol';

/** A run as the page knows it: its texts grow with each piece of news. */
export interface GrowingRun extends ShownRun {
  readonly texts: readonly GrowingText[];
}

interface GrowingText {
  readonly pieces: PlaygroundPiece[];
  end: ShownEnd | null;
}

export function growingRun(run: ShownRun): GrowingRun {
  return { ...run, texts: run.texts.map(({ pieces, end }) => ({ pieces: [...pieces], end })) };
}

/** Adds news to a run; gives the texts that changed. */
export function addNews(run: GrowingRun, news: readonly ShownNews[]): ReadonlySet<number> {
  const changed = new Set<number>();
  for (const each of news) {
    const text = run.texts[each.text];
    if (text === undefined) continue;
    changed.add(each.text);
    if ('piece' in each) text.pieces.push(each.piece);
    else text.end = each.end;
  }
  return changed;
}

/** Whether a run is over without any text. */
export function hasFailed({ isOver, texts }: ShownRun): boolean {
  return isOver && texts.every(({ end }) => end?.reason === 'failed');
}

/** What became of a run, in one sentence. */
export function outcomeText({ texts }: ShownRun): string {
  const count = (reason: ShownEnd['reason']): number => texts.filter(({ end }) => end?.reason === reason).length;
  const [failed, stopped] = [count('failed'), count('stopped')];
  const written = texts.length - failed;
  if (failed === texts.length)
    return texts.length === 1 ? 'The text could not be written.' : 'No text could be written.';
  const some = failed === 0 ? '' : ` ${failed === 1 ? 'One' : failed} could not be written.`;
  if (stopped > 0) return `Stopped.${some}`;
  return `${written === 1 ? 'The text is' : `All ${written} texts are`} written.${some}`;
}
