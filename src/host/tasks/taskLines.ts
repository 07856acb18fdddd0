import { formatCount, formatDuration, formatNumber } from '../../run/format';
import type { TrainingEvent } from '../../run/trainingEvent';

/** Milliseconds between two lines about steps: a task's output is read afterwards, not watched. */
const interval = 1000;

/** A run as plain lines: nothing overwritten, no colours, so that it can be searched and matched. */
export class TaskLines {
  #total = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly now: () => number) {}

  linesFor(event: TrainingEvent): readonly string[] {
    switch (event.type) {
      case 'plan': {
        const { adapter, data, base_model } = event;
        const trained = `${formatCount(adapter.trainable_params)} parameters on ${base_model}`;
        return [`Trains ${trained}: ${formatCount(data.rows)} rows, ${formatCount(data.total_steps)} steps.`];
      }
      case 'started':
        this.#total = event.total_steps;
        return [`Run ${event.run} in ${event.folder}`];
      case 'resumed':
        return [`Goes on after step ${formatCount(event.step)}.`];
      case 'step':
        return this.#stepLines(event);
      case 'eval':
        return [`step ${formatCount(event.step)}: loss on the evaluation rows ${formatNumber(event.eval_loss)}`];
      case 'sample':
        return [`step ${formatCount(event.step)}: ${event.prompt}${event.text}`];
      case 'warning':
        return [`warning: ${event.message}`];
      case 'paused':
        return [`Paused after step ${formatCount(event.step)}.`];
      case 'cancelled':
        return event.checkpoint === null
          ? ['Stopped before the first checkpoint.']
          : [`Stopped after step ${formatCount(event.step)}; "resume": "latest" goes on from there.`];
      case 'proof':
        return [
          `The adapter changes the model: ${event.changed_modules} of ${event.modules} layers were trained, ` +
            `logits move by up to ${formatNumber(event.logits_difference)}.`,
        ];
      case 'finished':
        return [
          `Done after ${formatCount(event.steps)} steps: loss ${formatNumber(event.loss)}.`,
          `Adapter: ${event.adapter}`,
        ];
      case 'checkpoint':
      case 'error':
        // Checkpoints are no news; what went wrong is told once, with its place, when the run is over.
        return [];
    }
  }

  /** The first and the last step, and one a second between them. */
  #stepLines({ step, loss, eta_seconds }: Extract<TrainingEvent, { type: 'step' }>): readonly string[] {
    const isLast = step === this.#total;
    if (!isLast && this.now() - this.#toldAt < interval) return [];
    this.#toldAt = this.now();
    const left = isLast ? '' : `  ${formatDuration(eta_seconds)} left`;
    return [`step ${formatCount(step)}/${formatCount(this.#total)}  loss ${formatNumber(loss)}${left}`];
  }
}
