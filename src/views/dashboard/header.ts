import { formatBytes, formatCount, formatDuration, formatNumber } from '../../run/format';
import { button, element, setText } from '../page/element';
import type { ShownRun } from './shownRun';
import { controlsOf, statusWords } from './words';
import type { Control } from './words';

const controlWords: Readonly<Record<Control, { readonly label: string; readonly asked: string }>> = {
  pause: { label: 'Pause', asked: 'Pausing…' },
  resume: { label: 'Resume', asked: 'Resuming…' },
  stop: { label: 'Stop', asked: 'Stopping…' },
};

const figures = ['Step', 'Smoothed loss', 'Time left', 'Speed', 'Memory', 'Correct guesses'] as const;
type Figure = (typeof figures)[number];

/** Name, status, progress, the figures of this moment, and what can be done. */
export class Header {
  readonly root: HTMLElement;
  private readonly title = element('h1', {}, 'LoRA training');
  private readonly model = element('p', { class: 'note' });
  private readonly sign = element('span', { class: 'sign', 'aria-hidden': 'true' });
  private readonly word = element('span', { role: 'status' });
  private readonly status = element('p', { class: 'status' }, this.sign, this.word);
  private readonly progress = element('progress', { max: 1, value: 0, 'aria-label': 'Progress of the training' });
  private readonly values: Readonly<Record<Figure, HTMLElement>>;
  private readonly buttons: Readonly<Record<Control, HTMLButtonElement>>;
  /** What was asked for and has not happened yet. */
  private asked: { readonly control: Control; readonly status: string } | undefined;

  constructor(private readonly ask: (control: Control) => void) {
    this.buttons = { pause: this.control('pause'), resume: this.control('resume'), stop: this.control('stop') };
    this.values = Object.fromEntries(figures.map((name) => [name, element('dd')])) as Record<Figure, HTMLElement>;
    const list = figures.map((name) => element('div', {}, element('dt', {}, name), this.values[name]));
    this.root = element(
      'header',
      {},
      element(
        'div',
        { class: 'headline' },
        element('div', { class: 'names' }, this.title, this.model),
        this.status,
        element('div', { class: 'buttons' }, ...Object.values(this.buttons)),
      ),
      this.progress,
      element('dl', { class: 'figures' }, ...list),
    );
  }

  render(run: ShownRun): void {
    const { plan } = run.state;
    const { status } = run;
    setText(this.title, run.name);
    setText(this.model, plan === null ? '' : modelLine(plan.method, plan.family, plan.base_model));
    setText(this.sign, statusWords[status].sign);
    setText(this.word, statusWords[status].word);
    this.status.dataset['status'] = status;
    const total = run.state.total_steps;
    this.progress.value = status === 'finished' ? 1 : total === 0 ? 0 : run.state.step / total;
    if (this.asked?.status !== status) this.asked = undefined;
    for (const control of Object.keys(this.buttons) as Control[]) this.renderControl(control, run);
    for (const name of figures) setText(this.values[name], figureText(name, run));
  }

  private control(name: Control): HTMLButtonElement {
    return button(
      controlWords[name].label,
      { class: name === 'resume' ? 'primary' : 'secondary', hidden: true },
      () => {
        if (this.asked !== undefined) return;
        this.asked = { control: name, status: this.status.dataset['status'] ?? '' };
        setText(this.buttons[name], controlWords[name].asked);
        for (const each of Object.values(this.buttons)) each.setAttribute('aria-disabled', 'true');
        this.ask(name);
      },
    );
  }

  private renderControl(name: Control, { status }: ShownRun): void {
    const made = this.buttons[name];
    const isOffered = controlsOf[status].includes(name);
    // Focus must not fall to the page's start when a button goes: it moves to the one that came.
    if (!isOffered && document.activeElement === made) queueMicrotask(() => this.focusFirst());
    made.hidden = !isOffered;
    const { label, asked } = controlWords[name];
    setText(made, this.asked?.control === name ? asked : label);
    // Not `disabled`, which would drop the keyboard's focus.
    if (this.asked === undefined) made.removeAttribute('aria-disabled');
    else made.setAttribute('aria-disabled', 'true');
  }

  private focusFirst(): void {
    Object.values(this.buttons)
      .find((each) => !each.hidden)
      ?.focus();
  }
}

function modelLine(method: string, family: string, base: string): string {
  const how = method === 'full' ? 'Full training of' : 'LoRA adapter for';
  return `${how} ${base} (${family})`;
}

function figureText(name: Figure, { table, state, status }: ShownRun): string {
  const last = (column: Parameters<typeof table.last>[0]): number => table.last(column) ?? Number.NaN;
  const shown = (value: number, text: (value: number) => string): string =>
    Number.isFinite(value) ? text(value) : '–';
  switch (name) {
    case 'Step':
      return state.total_steps === 0
        ? formatCount(state.step)
        : `${formatCount(state.step)} of ${formatCount(state.total_steps)}`;
    case 'Smoothed loss':
      return shown(table.smoothed().at(-1) ?? Number.NaN, formatNumber);
    case 'Time left':
      return status === 'running' || status === 'paused' || status === 'elsewhere'
        ? shown(last('eta_seconds'), formatDuration)
        : '–';
    case 'Speed':
      return shown(last('tokens_per_second'), (value) => `${formatCount(value)} tokens/s`);
    case 'Memory':
      return shown(last('memory_bytes'), formatBytes);
    case 'Correct guesses':
      return shown(last('mean_token_accuracy'), (value) => `${Math.round(100 * value)} %`);
  }
}
