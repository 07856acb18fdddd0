import { formatBytes, formatCount, formatDuration, formatNumber } from '../run/format';
import { applyEvents, emptyRun, smoothed, type RunState } from '../run/runState';
import type { StepEvent, TrainingEvent } from '../run/trainingEvent';
import { renderChart } from './chart';
import { planLines } from './planText';
import { printable, type Terminal } from './terminal';

export interface ProgressOptions {
  /** Where lasting lines go. */
  readonly words: Terminal;
  /** Where the live line goes, if it is a terminal. */
  readonly live: Terminal;
  /** Without plan, steps and chart: only what a person must see beside the JSON on stdout. */
  readonly isBrief: boolean;
  /** Every how many steps people see one, where there is no live line. */
  readonly loggingSteps: number;
  /** Milliseconds on any clock that only goes forwards. */
  readonly now: () => number;
}

/** At most ten redraws a second: small models make hundreds of steps in one. */
const redrawMilliseconds = 100;

/** Shows a run to a person: one live line on a terminal, plain lines otherwise, a chart of the loss at the end. */
export class TrainProgress {
  #run: RunState = emptyRun;
  #isLineDrawn = false;
  #drawnAt = Number.NEGATIVE_INFINITY;
  readonly #options: ProgressOptions;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  show(event: TrainingEvent): void {
    this.#run = applyEvents(this.#run, [event]);
    if (event.type === 'step') this.#step(event);
    else this.#lasting(this.#linesFor(event));
    if (event.type === 'finished' || event.type === 'cancelled') this.end();
  }

  /** Leaves the cursor on a fresh line. */
  end(): void {
    if (this.#isLineDrawn) this.#options.live.write('\r\u001b[K');
    this.#isLineDrawn = false;
  }

  #step(event: StepEvent): void {
    const { live, words, now, isBrief, loggingSteps } = this.#options;
    if (live.isTerminal) {
      const isLast = event.step === this.#run.total_steps;
      if (!isLast && now() - this.#drawnAt < redrawMilliseconds) return;
      this.#drawnAt = now();
      live.write(`\r${liveLine(event, this.#run.total_steps, live)}\u001b[K`);
      this.#isLineDrawn = true;
    } else if (!isBrief && event.step % loggingSteps === 0) {
      words.line(stepText(event, this.#run.total_steps));
    }
  }

  #lasting(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.end();
    for (const line of lines) this.#options.words.line(line);
  }

  #linesFor(event: Exclude<TrainingEvent, StepEvent>): readonly string[] {
    const { words, isBrief } = this.#options;
    if (event.type === 'warning') return [`${words.paint('yellow', 'warning:')} ${event.message}`];
    if (isBrief) return [];
    switch (event.type) {
      case 'plan':
        return [...planLines(event, words), ''];
      case 'started':
        return [`Run ${event.run} in ${event.folder}`];
      case 'resumed':
        return [`Goes on after step ${event.step}.`];
      case 'eval':
        return [`step ${event.step}: loss on the evaluation rows ${formatNumber(event.eval_loss)}`];
      case 'sample':
        return [`step ${event.step}: ${words.paint('dim', printable(event.prompt))}${printable(event.text)}`];
      case 'checkpoint':
        return [];
      case 'paused':
        return [`Paused after step ${event.step}.`];
      case 'cancelled':
        return [...this.#chart(), cancelledText(event.step, event.checkpoint)];
      case 'proof':
        return [
          `The adapter changes the model: ${event.changed_modules} of ${event.modules} layers were trained, ` +
            `logits move by up to ${formatNumber(event.logits_difference)}.`,
        ];
      case 'finished':
        return [...this.#chart(), ...finishedLines(event, words)];
      case 'error':
        // The command reports it once the run has ended.
        return [];
    }
  }

  #chart(): readonly string[] {
    const { words } = this.#options;
    const { steps, evals } = this.#run;
    const losses = smoothed(
      steps.map(({ loss }) => loss),
      Math.max(1, steps.length / 50),
    );
    const chart = renderChart(
      steps.map(({ step }, at) => ({ x: step, y: losses[at]! })),
      evals.map(({ step, eval_loss }) => ({ x: step, y: eval_loss })),
      { width: Math.min(words.columns, 80), height: 10, hasUnicode: words.hasUnicode, format: formatNumber },
    );
    if (chart.length === 0) return [];
    const mark = words.hasUnicode ? '◆' : 'o';
    const legend = evals.length === 0 ? 'Loss (smoothed)' : `Loss (smoothed; ${mark} on the evaluation rows)`;
    return ['', words.paint('bold', legend), ...chart, ''];
  }
}

function cancelledText(step: number, checkpoint: string | null): string {
  return checkpoint === null
    ? `Stopped after step ${step}, before the first checkpoint.`
    : `Stopped after step ${step}. \`lora train RECIPE --resume latest\` goes on from there.`;
}

function finishedLines(event: Extract<TrainingEvent, { type: 'finished' }>, words: Terminal): readonly string[] {
  const evaluated = event.eval_loss === null ? '' : `, on the evaluation rows ${formatNumber(event.eval_loss)}`;
  const { steps, best_step: best } = event;
  const kept =
    best === undefined ? '' : `, of which ${formatCount(best)} was the best on the evaluation rows and is kept`;
  return [
    `${words.paint('green', 'Done')} after ${formatCount(steps)} steps${kept}: loss ${formatNumber(event.loss)}${evaluated}.`,
    `Adapter: ${event.adapter}`,
  ];
}

function stepText(event: StepEvent, total: number): string {
  return [
    `step ${event.step}/${total}`,
    `loss ${formatNumber(event.loss)}`,
    `learning rate ${formatNumber(event.learning_rate)}`,
    event.grad_norm === null ? 'skipped' : `grad norm ${formatNumber(event.grad_norm)}`,
    `${formatCount(event.tokens_per_second)} tokens/s`,
    `${formatDuration(event.eta_seconds)} left`,
  ].join('  ');
}

/** As much as fits into one line, the most important first. */
function liveLine(event: StepEvent, total: number, terminal: Terminal): string {
  const share = total === 0 ? 0 : event.step / total;
  const parts = [
    `step ${event.step}/${total}`,
    `loss ${formatNumber(event.loss)}`,
    `${formatDuration(event.eta_seconds)} left`,
    `${formatCount(event.tokens_per_second)} tokens/s`,
    formatBytes(event.memory_bytes),
    progressBar(share, terminal.hasUnicode),
  ];
  let line = parts[0]!;
  for (const part of parts.slice(1)) {
    if (line.length + 2 + part.length >= terminal.columns) break;
    line += `  ${part}`;
  }
  return line.slice(0, Math.max(1, terminal.columns - 1));
}

function progressBar(share: number, hasUnicode: boolean): string {
  const width = 20;
  const done = Math.floor(Math.max(0, Math.min(1, share)) * width);
  return hasUnicode ? '━'.repeat(done) + '╌'.repeat(width - done) : `[${'='.repeat(done)}${' '.repeat(width - done)}]`;
}
