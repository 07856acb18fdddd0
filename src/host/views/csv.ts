import type { RunState } from '../../run/runState';
import { stepColumns } from '../../run/viewProtocol';

/** A run's numbers as a table, one row a step, for spreadsheets and pandas; empty where nothing was measured. */
export function csvOf({ steps, evals }: Pick<RunState, 'steps' | 'evals'>): string {
  const evalAt = new Map(evals.map((event) => [event.step, event]));
  const header = [...stepColumns, 'eval_loss', 'eval_mean_token_accuracy'].join(',');
  const rows = steps.map((event) => {
    const measured = evalAt.get(event.step);
    const cells = [
      ...stepColumns.map((column) => event[column]),
      measured?.eval_loss,
      measured?.eval_mean_token_accuracy,
    ] as readonly (number | null | undefined)[];
    return cells.map((cell) => cell ?? '').join(',');
  });
  return `${[header, ...rows].join('\n')}\n`;
}
