import { printJson, type Command, type CommandContext, type CommandExit } from '../command';
import { loadRecipe, setOption } from '../loadRecipe';
import { TrainProgress } from '../trainProgress';

export const trainCommand: Command = {
  name: 'train',
  summary: 'Train the adapter; Ctrl-C stops within a step and keeps a checkpoint',
  arguments: [{ name: 'RECIPE', isRequired: true }],
  options: {
    resume: { type: 'text', value: 'RUN|latest', description: 'Continue an interrupted run exactly where it stopped.' },
    ...setOption,
  },
  notes: [
    'Ctrl-C before training begins writes nothing and exits with 130; with --json there is no event then.',
    'Ctrl-C while it trains keeps a checkpoint and exits with 130; `--resume latest` goes on from there.',
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    const recipe = await loadRecipe(input, context);
    const engine = await context.engine();
    const progress = new TrainProgress({
      words: context.words,
      live: context.stderr,
      isBrief: context.isJson,
      loggingSteps: recipe.recipe.training.logging_steps,
      now: () => performance.now(),
    });
    const resume = input.text('resume');
    const beginning = new Beginning(context.signal);
    try {
      if (context.signal.aborted) return stoppedFirst(context);
      const training = engine.train(recipe, {
        ...(resume === undefined ? {} : { resume }),
        signal: context.signal,
        onEvent(event) {
          if (!beginning.begin()) return;
          // A failed run also throws, and what is thrown is printed once, by the caller.
          if (context.isJson && event.type !== 'error') printJson(context, event);
          progress.show(event);
        },
      });
      const ending = await Promise.race([training, beginning.stopped]);
      if (ending === 'stopped before') return stoppedFirst(context);
      return ending === 'finished' ? 0 : 130;
    } finally {
      progress.end();
    }
  },
};

function stoppedFirst({ stderr }: CommandContext): CommandExit {
  stderr.line(stoppedBefore);
  return 130;
}

export const stoppedBefore = 'Stopped before training began; nothing was written.';

/** Whether training has begun when the user asks to stop: before, there is nothing to finish and nothing to keep. */
class Beginning {
  readonly stopped: Promise<'stopped before'>;
  #state: 'waiting' | 'begun' | 'stopped' = 'waiting';

  constructor(signal: AbortSignal) {
    this.stopped = new Promise((resolve) => {
      const stop = (): void => {
        if (this.#state === 'waiting') {
          this.#state = 'stopped';
          resolve('stopped before');
        }
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** To be told of each event; false once the user stopped before the first. */
  begin(): boolean {
    if (this.#state === 'waiting') this.#state = 'begun';
    return this.#state === 'begun';
  }
}
