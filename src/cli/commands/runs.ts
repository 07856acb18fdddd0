import { formatNumber } from '../../run/format';
import { printJson, type Command } from '../command';
import { folderArgument } from '../folderArgument';
import { tableLines } from '../table';

export const runsCommand: Command = {
  name: 'runs',
  summary: 'The runs of the recipes in a folder, and which can be resumed',
  arguments: [{ name: 'DIR', isRequired: false }],
  options: {},
  stopsWhenAsked: false,
  async run(input, context) {
    const folder = await folderArgument(input, context);
    const runs = await (await context.engine()).runs(folder);
    if (context.isJson) {
      printJson(context, runs);
    } else if (runs.length === 0) {
      context.stdout.line('No runs here yet: `lora train RECIPE` starts one.');
    } else {
      const rows = runs.map((run) => [
        run.run,
        run.name,
        run.resumable ? `${run.status}, can be resumed` : run.status,
        `${run.step}/${run.total_steps}`,
        run.loss === null ? '' : formatNumber(run.loss),
        run.started.slice(0, 16).replace('T', ' '),
      ]);
      for (const line of tableLines(['RUN', 'NAME', 'STATUS', ' STEP', ' LOSS', 'STARTED'], rows))
        context.stdout.line(line);
    }
    return 0;
  },
};
