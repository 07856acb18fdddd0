import type { PlaygroundSampling } from '../../run/playground';
import { defaultSampling } from '../../run/playgroundProtocol';
import { button, element, setText } from '../page/element';

type NumberName = Exclude<keyof PlaygroundSampling, 'stop'>;

interface Field {
  readonly name: NumberName;
  readonly label: string;
  readonly hint: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

const fields: readonly Field[] = [
  { name: 'maxNewTokens', label: 'Max new tokens', hint: 'Length of a text at most', min: 1, max: 8192, step: 1 },
  { name: 'temperature', label: 'Temperature', hint: '0: always the likeliest token', min: 0, max: 5, step: 0.05 },
  { name: 'topK', label: 'Top-k', hint: 'Only so many of the likeliest; 0: all', min: 0, max: 1_000_000, step: 1 },
  { name: 'topP', label: 'Top-p', hint: 'Only the likeliest with this share together', min: 0, max: 1, step: 0.01 },
  { name: 'minP', label: 'Min-p', hint: 'Only this share as likely as the likeliest', min: 0, max: 1, step: 0.01 },
  {
    name: 'repetitionPenalty',
    label: 'Repetition penalty',
    hint: 'Above 1: what was there becomes less likely',
    ...{ min: 0.1, max: 5, step: 0.05 },
  },
  { name: 'seed', label: 'Seed', hint: 'The same seed draws the same tokens', min: 0, max: 2 ** 32, step: 1 },
];

/** How the next token is chosen. What is typed and is no allowed value is marked and not used. */
export class SamplingForm {
  readonly root: HTMLElement;
  private readonly summary = element('span', { class: 'note' });
  private readonly inputs = new Map<NumberName, HTMLInputElement>();
  private readonly stop = element('textarea', { id: 'stop', rows: 2, spellcheck: 'false' });
  private sampling: PlaygroundSampling = defaultSampling;

  constructor(private readonly changed: (sampling: PlaygroundSampling) => void) {
    const parts = fields.map((field) => this.field(field));
    this.stop.addEventListener('input', () =>
      this.change({ stop: this.stop.value.split('\n').filter((line) => line !== '') }),
    );
    const stop = element(
      'div',
      { class: 'field' },
      element('label', { for: 'stop' }, 'Stop at'),
      this.stop,
      element('span', { class: 'note' }, 'Texts that end the answer, one a line'),
    );
    const reset = button('Defaults', { class: 'secondary' }, () => {
      this.show(defaultSampling);
      this.changed(defaultSampling);
    });
    this.root = element(
      'details',
      { class: 'card sampling' },
      element('summary', {}, element('h2', {}, 'Sampling'), ' ', this.summary),
      element('div', { class: 'fields' }, ...parts, stop),
      element('div', { class: 'buttons' }, reset),
    );
  }

  show(sampling: PlaygroundSampling): void {
    this.sampling = sampling;
    for (const { name } of fields) this.inputs.get(name)!.value = String(sampling[name]);
    this.stop.value = sampling.stop.join('\n');
    this.summarize();
  }

  private field({ name, label, hint, min, max, step }: Field): HTMLElement {
    // Any step: 0.333 is a temperature, too.
    const stepOf = Number.isInteger(step) ? step : 'any';
    const input = element('input', { type: 'number', id: name, min, max, step: stepOf, required: true });
    input.addEventListener('input', () => {
      if (input.validity.valid && input.value !== '') this.change({ [name]: Number(input.value) });
    });
    this.inputs.set(name, input);
    return element(
      'div',
      { class: 'field' },
      element('label', { for: name }, label),
      input,
      element('span', { class: 'note' }, hint),
    );
  }

  private change(part: Partial<PlaygroundSampling>): void {
    this.sampling = { ...this.sampling, ...part };
    this.summarize();
    this.changed(this.sampling);
  }

  private summarize(): void {
    const { temperature, seed, maxNewTokens, topK, topP, minP, repetitionPenalty, stop } = this.sampling;
    const drawn = [
      `temperature ${temperature}`,
      ...(topK === 0 ? [] : [`top-k ${topK}`]),
      ...(topP === 1 ? [] : [`top-p ${topP}`]),
      ...(minP === 0 ? [] : [`min-p ${minP}`]),
      `seed ${seed}`,
    ];
    const words = [
      ...(temperature === 0 ? ['always the likeliest token'] : drawn),
      ...(repetitionPenalty === 1 ? [] : [`repetition penalty ${repetitionPenalty}`]),
      `up to ${maxNewTokens} tokens`,
      ...(stop.length === 0 ? [] : ['stop texts']),
    ];
    setText(this.summary, words.join(' · '));
  }
}
