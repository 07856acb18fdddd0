import { element } from '../page/element';

/** What the looks of tokens mean. */
export function legend(): HTMLElement {
  const item = (sample: HTMLElement, words: string): HTMLElement => element('li', {}, sample, words);
  const token = (name: string): HTMLElement => element('span', { class: 'token' }, name);
  return element(
    'ul',
    { class: 'legend', 'aria-label': 'What the looks of tokens mean' },
    item(element('span', { class: 'run read' }, token('read')), 'only read'),
    item(element('span', { class: 'run learnt' }, token('learnt')), 'learnt (supervised): the loss counts it'),
    item(element('span', { class: 'token special' }, '<s>'), 'special token'),
    item(element('span', { class: 'run cut' }, token('cut')), 'cut off: beyond max_length'),
  );
}
