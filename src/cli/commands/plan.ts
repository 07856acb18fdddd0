import { printJson, type Command } from '../command';
import { loadRecipe, setOption } from '../loadRecipe';
import { planLines } from '../planText';

export const planCommand: Command = {
  name: 'plan',
  summary: 'What will be trained and what it costs, without training',
  arguments: [{ name: 'RECIPE', isRequired: true }],
  options: setOption,
  stopsWhenAsked: false,
  async run(input, context) {
    const recipe = await loadRecipe(input, context);
    const plan = await (await context.engine()).plan(recipe, context.signal);
    if (context.isJson) printJson(context, plan);
    else for (const line of planLines(plan, context.stdout)) context.stdout.line(line);
    return 0;
  },
};
