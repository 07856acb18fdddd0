import { formatCount, formatPercent } from '../../run/format';
import type { AdaptedModule, Plan } from '../../run/plan';
import { comparedFigures, saving } from './comparison';
import type { ComparedFigure } from './comparison';
import { element, svgElement } from '../page/element';

/** Squares across and down: a thousand, so that a per mille is one of them. */
const across = 50;
const down = 20;
const pitch = 10;
const side = 8;

/** LoRA against full fine-tuning as a picture and as numbers; drawn once, a plan does not change. */
export class ComparisonView {
  readonly root = element('section', { class: 'card', 'aria-labelledby': 'comparison-title', hidden: true });
  private shown: Plan | undefined;

  render(plan: Plan | null): void {
    if (plan === null || plan === this.shown) return;
    this.shown = plan;
    this.root.hidden = false;
    const isFull = plan.method === 'full';
    const { full, adapter } = plan;
    const perSquare = Math.max(1, Math.round(full.trainable_params / (across * down)));
    const pictures = [
      picture('Full fine-tuning', `changes all ${formatCount(full.trainable_params)} parameters`, 1, 'full'),
      ...(isFull ? [] : [picture('LoRA', loraCaption(plan), adapter.trainable_percent / 100, 'lora')]),
    ];
    this.root.replaceChildren(
      element('h2', { id: 'comparison-title' }, isFull ? 'This run trains everything' : 'What LoRA saves here'),
      element('div', { class: 'pictures' }, ...pictures),
      element(
        'p',
        { class: 'note' },
        `Each square stands for about ${formatCount(perSquare)} of the model’s parameters; filled ones are trained.`,
      ),
      figureTable(comparedFigures(plan), isFull),
      ...(adapter.modules.length === 0 ? [] : [modulesOnDemand(adapter.modules)]),
    );
  }
}

function loraCaption({ adapter }: Plan): string {
  return `adds and trains ${formatCount(adapter.trainable_params)} (${formatPercent(adapter.trainable_percent)}), the rest stays`;
}

/** A thousand squares of which a share is filled, the last one in part. */
function picture(title: string, caption: string, share: number, kind: string): HTMLElement {
  const filled = Math.min(1, Math.max(0, share)) * across * down;
  const whole = Math.floor(filled);
  const part = filled - whole;
  const squares = (from: number, to: number, height = side): string => {
    let path = '';
    // From the bottom left, column by column, as a vessel fills.
    for (let at = from; at < to; at++) {
      const x = Math.floor(at / down) * pitch;
      const y = (down - 1 - (at % down)) * pitch + (side - height);
      path += `M${x} ${y}h${side}v${height}h${-side}z`;
    }
    return path;
  };
  const size = { viewBox: `0 0 ${across * pitch - 2} ${down * pitch - 2}`, 'aria-hidden': 'true' };
  const drawing = svgElement(
    'svg',
    { ...size, class: `squares squares-${kind}`, focusable: 'false' },
    svgElement('path', { class: 'frozen', d: squares(whole, across * down) }),
    svgElement('path', { class: 'trained', d: squares(0, whole) }),
    svgElement('path', { class: 'trained', d: part > 0 ? squares(whole, whole + 1, Math.max(1, part * side)) : '' }),
  );
  return element('figure', {}, drawing, element('figcaption', {}, element('strong', {}, title), ` ${caption}`));
}

function figureTable(figures: readonly ComparedFigure[], isFull: boolean): HTMLElement {
  const columns = isFull ? ['', 'Full fine-tuning'] : ['', 'Full fine-tuning', 'LoRA', 'Saved'];
  const head = columns.map((name, at) =>
    at === 0 ? element('td') : element('th', { scope: 'col', class: 'number' }, name),
  );
  const rows = figures.map((figure) => {
    const label = element('th', { scope: 'row' }, figure.label, element('span', { class: 'note' }, figure.meaning));
    const { full, lora, format } = figure;
    const largest = Math.max(full, lora ?? 0);
    const cells = [full, ...(lora === undefined ? [] : [lora])].map((value, at) =>
      element('td', { class: 'number' }, format(value), bar(value / largest, at === 0 ? 'full' : 'lora')),
    );
    const saved = isFull ? [] : [element('td', { class: 'number saved' }, saving(figure))];
    return element('tr', {}, label, ...cells, ...saved);
  });
  const body = element('tbody', {}, ...rows);
  const caption = element('caption', { class: 'unseen' }, 'LoRA compared with full fine-tuning of this model');
  return element(
    'div',
    { class: 'wide' },
    element('table', { class: 'figures-table' }, caption, element('thead', {}, element('tr', {}, ...head)), body),
  );
}

function bar(share: number, kind: string): SVGElement {
  const width = Math.max(0.8, 100 * share);
  return svgElement(
    'svg',
    { class: `bar bar-${kind}`, viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svgElement('rect', { class: 'frozen', width: 100, height: 4 }),
    svgElement('rect', { class: 'trained', width, height: 4 }),
  );
}

/** The adapted layers; a model can have hundreds, so that they are made when somebody looks. */
function modulesOnDemand(modules: readonly AdaptedModule[]): HTMLElement {
  const details = element(
    'details',
    {},
    element(
      'summary',
      {},
      modules.length === 1 ? 'The layer that is trained' : `The ${formatCount(modules.length)} layers that are trained`,
    ),
  );
  details.addEventListener('toggle', () => details.append(modulesTable(modules)), { once: true });
  return details;
}

function modulesTable(modules: readonly AdaptedModule[]): HTMLElement {
  const head = ['Layer', 'Inputs', 'Outputs', 'Rank r', 'Parameters'].map((name, at) =>
    element('th', { scope: 'col', class: at === 0 ? '' : 'number' }, name),
  );
  const rows = modules.map(({ name, in: inputs, out, r, params }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row', class: 'code' }, name),
      ...[inputs, out, r, params].map((value) => element('td', { class: 'number' }, formatCount(value))),
    ),
  );
  const table = element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows));
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Trained layers' }, table);
}
