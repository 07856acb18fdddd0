import { printJson, type Command } from '../command';
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
    try {
      const ending = await engine.train(recipe, {
        ...(resume === undefined ? {} : { resume }),
        signal: context.signal,
        onEvent(event) {
          // A failed run also throws, and what is thrown is printed once, by the caller.
          if (context.isJson && event.type !== 'error') printJson(context, event);
          progress.show(event);
        },
      });
      return ending === 'cancelled' ? 130 : 0;
    } finally {
      progress.end();
    }
  },
};
