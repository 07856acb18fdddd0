import { element } from '../page/element';
import { bands } from './likelihood';

/** What the looks of tokens mean. */
export function legend(): HTMLElement {
  const item = (look: string, words: string): HTMLElement =>
    element('li', {}, element('span', { class: `piece ${look}` }, 'token'), ` ${words}`);
  return element(
    'div',
    { class: 'legend-part' },
    element(
      'p',
      { class: 'note' },
      'How likely the model held each token, before temperature and the other settings. Hover over a token, or go through a text with the arrow keys, for the number and for what else was likely.',
    ),
    element(
      'ul',
      { class: 'legend', 'aria-label': 'What the looks of tokens mean' },
      ...bands.map(({ name, words }) => item(name, words)),
      item('differs', 'first token that differs from the first column'),
    ),
  );
}
