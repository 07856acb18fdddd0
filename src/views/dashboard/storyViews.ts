import type { RunState } from '../../run/runState';
import type { SampleEvent } from '../../run/trainingEvent';
import { element } from '../page/element';
import { happenings } from './words';
import type { Happening, Tone } from './words';

const signs: Readonly<Record<Tone, string>> = { good: '✓', plain: '·', warning: '▲', bad: '✕' };

/** What the model writes as it learns: the latest text of each prompt, earlier ones on demand. */
export class SamplesView {
  readonly root = element('section', { class: 'card', 'aria-labelledby': 'samples-title', hidden: true });
  private readonly list = element('div');
  private shown: readonly SampleEvent[] = [];

  constructor() {
    this.root.append(element('h2', { id: 'samples-title' }, 'What the model writes'), this.list);
  }

  render({ samples }: RunState): void {
    if (samples.length === this.shown.length && samples.at(-1) === this.shown.at(-1)) return;
    this.shown = samples;
    this.root.hidden = samples.length === 0;
    const byPrompt = new Map<string, SampleEvent[]>();
    for (const sample of samples) byPrompt.set(sample.prompt, [sample, ...(byPrompt.get(sample.prompt) ?? [])]);
    const isOpen = new Set(
      [...this.list.querySelectorAll('details[open]')].map((each) => each.getAttribute('data-prompt')),
    );
    this.list.replaceChildren(
      ...[...byPrompt].map(([prompt, [latest, ...earlier]]) => {
        const open = isOpen.has(prompt);
        return element('div', { class: 'prompt' }, sampleText(latest!), ...earlierTexts(prompt, earlier, open));
      }),
    );
  }
}

function sampleText({ step, prompt, text }: SampleEvent): HTMLElement {
  const quote = element('blockquote', {}, element('span', { class: 'given' }, prompt), text);
  return element('div', { class: 'sample' }, element('p', { class: 'note' }, `Step ${step}`), quote);
}

function earlierTexts(prompt: string, earlier: readonly SampleEvent[], open: boolean): HTMLElement[] {
  if (earlier.length === 0) return [];
  const summary = element('summary', {}, earlier.length === 1 ? 'Before' : `${earlier.length} times before`);
  return [element('details', { 'data-prompt': prompt, open }, summary, ...earlier.map(sampleText))];
}

/** How the run ended, its proof, its warnings and checkpoints. */
export class EventsView {
  readonly root = element('section', { class: 'card', 'aria-labelledby': 'events-title', hidden: true });
  private readonly list = element('ul', { class: 'events' });
  private shown = '';

  constructor() {
    this.root.append(element('h2', { id: 'events-title' }, 'What happened'), this.list);
  }

  render(run: RunState): void {
    const events = happenings(run);
    const now = JSON.stringify(events);
    if (now === this.shown) return;
    this.shown = now;
    this.root.hidden = events.length === 0;
    this.list.replaceChildren(...events.map(eventItem));
  }
}

function eventItem({ tone, when, text, hint }: Happening): HTMLElement {
  return element(
    'li',
    { 'data-tone': tone },
    element('span', { class: 'sign', 'aria-hidden': 'true' }, signs[tone]),
    element('span', { class: 'when' }, when),
    element('span', {}, text, ...(hint === null ? [] : [element('span', { class: 'note' }, hint)])),
  );
}
