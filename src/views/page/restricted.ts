import { button, element } from './element';

/** What a page shows in Restricted Mode. @param why what does not happen, and why, in one sentence */
export function restrictedParts(why: string, manageTrust: () => void): readonly HTMLElement[] {
  return [
    element('h2', {}, 'This window is in Restricted Mode'),
    element('p', {}, `${why} Trust this folder if you know who wrote what is in it.`),
    element('div', { class: 'buttons' }, button('Manage Trust', { class: 'primary' }, manageTrust)),
  ];
}
