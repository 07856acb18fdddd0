import { formatBytes, formatCount, formatPercent } from './format';
import type { Proposal } from './proposal';

/** What was proposed from, and what training by it comes to, in one sentence. */
export function proposalSummary({ data, figures }: Proposal): string {
  const { trainable_params, trainable_percent, file_bytes, memory_bytes, total_steps } = figures;
  const steps = formatCount(Number(total_steps.toPrecision(2)));
  return (
    `Proposed for ${data} on this computer: about ${steps} steps and ${formatBytes(memory_bytes)} of memory; ` +
    `${formatCount(trainable_params)} numbers are trained, ${formatPercent(trainable_percent)} of the model, ` +
    `and the adapter takes ${formatBytes(file_bytes)}.`
  );
}
