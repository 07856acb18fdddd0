import { element } from '../page/element';
import type { ShownRun } from './shownRun';

/** The entries that say which line is which; only of lines that are there. */
export function legend(main: ShownRun, overlay: ShownRun | undefined): readonly HTMLElement[] {
  const entry = (kind: string, text: string): HTMLElement =>
    element('li', {}, element('span', { class: `swatch swatch-${kind}`, 'aria-hidden': 'true' }), text);
  return [
    entry('raw', 'each step'),
    entry('smoothed', 'smoothed'),
    ...(main.state.evals.length > 0 ? [entry('eval', 'evaluation data')] : []),
    ...(overlay === undefined ? [] : [entry('overlay', overlay.runName)]),
  ];
}
