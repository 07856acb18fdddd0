import type { RunChoice } from '../../run/viewProtocol';
import { button, element, setText } from '../page/element';

/** What the toolbar's controls do. */
export interface ToolbarActions {
  zoom(factor: number): void;
  pan(share: number): void;
  showAll(): void;
  setLogScale(on: boolean): void;
  setSmoothing(halfLife: number): void;
  compareWith(folder: string | null): void;
  exportPng(): void;
  exportCsv(): void;
}

/** Half-lives that the slider offers, in steps: from none to a view of the long run. */
const halfLives = [0, 2, 5, 10, 20, 50, 100, 500] as const;

/** The controls above the loss chart. */
export class Toolbar {
  readonly root: HTMLElement;
  private readonly choice = element('select', { id: 'compare' });
  private readonly panning: readonly HTMLButtonElement[];
  private readonly smoothingText = element('output', { for: 'smoothing' });
  private readonly smoothing = element('input', { type: 'range', id: 'smoothing', min: 0, max: halfLives.length - 1 });
  private readonly logScale = element('input', { type: 'checkbox', id: 'log-scale' });

  constructor(actions: ToolbarActions) {
    const small = (sign: string, name: string, act: () => void): HTMLButtonElement =>
      button(sign, { class: 'secondary icon', 'aria-label': name, title: name }, act);
    const earlier = small('‹', 'Show earlier steps', () => actions.pan(-0.5));
    const later = small('›', 'Show later steps', () => actions.pan(0.5));
    const all = button('All', { class: 'secondary', title: 'Show all steps' }, () => actions.showAll());
    this.panning = [earlier, later, all];
    const zooming = [
      small('+', 'Zoom in', () => actions.zoom(0.5)),
      small('−', 'Zoom out', () => actions.zoom(2)),
      earlier,
      later,
      all,
    ];
    this.root = element(
      'div',
      { class: 'toolbar' },
      element('div', { class: 'group', role: 'group', 'aria-label': 'Zoom' }, ...zooming),
      element(
        'div',
        { class: 'group' },
        element('label', { for: 'smoothing' }, 'Smoothing'),
        this.smoothing,
        this.smoothingText,
      ),
      element('div', { class: 'group' }, this.logScale, element('label', { for: 'log-scale' }, 'Log scale')),
      element('div', { class: 'group' }, element('label', { for: 'compare' }, 'Compare with'), this.choice),
      element(
        'div',
        { class: 'group export' },
        'Export',
        button('PNG', { class: 'secondary', 'aria-label': 'Export PNG' }, () => actions.exportPng()),
        button('CSV', { class: 'secondary', 'aria-label': 'Export CSV' }, () => actions.exportCsv()),
      ),
    );
    this.smoothing.addEventListener('input', () => actions.setSmoothing(halfLives[Number(this.smoothing.value)] ?? 0));
    this.logScale.addEventListener('change', () => actions.setLogScale(this.logScale.checked));
    this.choice.addEventListener('change', () =>
      actions.compareWith(this.choice.value === '' ? null : this.choice.value),
    );
  }

  /** Shows what is set. */
  render(state: { logScale: boolean; smoothing: number; overlay: string | null; isZoomed: boolean }): void {
    this.logScale.checked = state.logScale;
    const at = halfLives.findIndex((halfLife) => halfLife >= state.smoothing);
    this.smoothing.value = String(at < 0 ? halfLives.length - 1 : at);
    const words = state.smoothing === 0 ? 'none' : `${state.smoothing} steps`;
    setText(this.smoothingText, words);
    this.smoothing.setAttribute('aria-valuetext', words);
    this.choice.value = state.overlay ?? '';
    for (const each of this.panning) {
      if (state.isZoomed) each.removeAttribute('aria-disabled');
      else each.setAttribute('aria-disabled', 'true');
    }
  }

  offer(runs: readonly RunChoice[], overlay: string | null): void {
    const none = element('option', { value: '' }, runs.length === 0 ? 'no other run' : 'no other run chosen');
    this.choice.replaceChildren(none, ...runs.map(({ folder, label }) => element('option', { value: folder }, label)));
    this.choice.value = overlay ?? '';
  }
}
