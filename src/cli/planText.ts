import { formatBytes, formatCount, formatPercent } from '../run/format';
import type { Plan } from '../run/plan';
import { renderBar } from './chart';
import type { Terminal } from './terminal';

/** Longest bar, in characters. */
const barWidth = 30;

/** What will be trained and what it costs, for people. */
export function planLines(plan: Plan, terminal: Terminal): readonly string[] {
  const method = plan.method === 'full' ? 'every weight' : 'a LoRA adapter';
  return [
    `${terminal.paint('bold', plan.name)}: ${method} of ${plan.base_model} (${plan.family})`,
    '',
    ...comparison(plan, terminal),
    '',
    ...memory(plan, terminal),
    '',
    ...targets(plan),
    dataLine(plan),
    computeLine(plan),
    ...plan.warnings.map((warning) => `${terminal.paint('yellow', 'warning:')} ${warning}`),
  ];
}

interface BarRow {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly after?: string;
}

/** Rows of `label  text  bar after`, the longest bar for the largest value. */
function bars(rows: readonly BarRow[], terminal: Terminal): readonly string[] {
  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  const textWidth = Math.max(...rows.map(({ text }) => text.length));
  const largest = Math.max(...rows.map(({ value }) => value), 1);
  return rows.map(({ label, value, text, after }) => {
    const bar = renderBar(value / largest, barWidth, terminal.hasUnicode);
    const line = `  ${label.padEnd(labelWidth)}  ${text.padStart(textWidth)}  ${terminal.paint('cyan', bar)}`;
    return after === undefined ? line : `${line} ${after}`;
  });
}

/** The numbers that training changes, adapter beside full fine-tuning. */
export function comparison(plan: Plan, terminal: Terminal): readonly string[] {
  const { trainable_params: adapter, file_bytes } = plan.adapter;
  const full = plan.full.trainable_params;
  if (plan.method === 'full') return [`Trained: all ${formatCount(full)} numbers of the model`];
  return [
    terminal.paint('bold', 'Numbers that are trained'),
    ...bars(
      [
        { label: 'LoRA adapter', value: adapter, text: formatCount(adapter), after: share(adapter, full) },
        { label: 'full fine-tuning', value: full, text: formatCount(full), after: '100 %' },
      ],
      terminal,
    ),
    `  The base model stays as it is; the adapter's file takes ${formatBytes(file_bytes)}.`,
  ];
}

function share(adapter: number, full: number): string {
  return full === 0 ? '' : formatPercent((100 * adapter) / full);
}

function memory(plan: Plan, terminal: Terminal): readonly string[] {
  const { lora_bytes, full_bytes } = plan.memory;
  const rows: BarRow[] = [{ label: 'full fine-tuning', value: full_bytes, text: formatBytes(full_bytes) }];
  if (plan.method === 'lora') {
    rows.unshift({ label: 'LoRA adapter', value: lora_bytes, text: formatBytes(lora_bytes) });
  }
  return [terminal.paint('bold', 'Memory at its peak (estimated)'), ...bars(rows, terminal)];
}

function targets({ targets: counts }: Plan): readonly string[] {
  if (counts.length === 0) return [];
  const words = counts.map(({ entry, matches }) => `${entry} (${matches} ${matches === 1 ? 'layer' : 'layers'})`);
  return [`Adapted: ${words.join(', ')}`];
}

function dataLine({ data }: Plan): string {
  const about = data.estimated ? 'about ' : '';
  const set = data.eval_rows > 0 ? `, and ${formatCount(data.eval_rows)} rows to measure progress` : '';
  return (
    `Data: ${about}${formatCount(data.rows)} rows with ${formatCount(data.tokens)} tokens, ` +
    `${formatCount(data.supervised_tokens)} of them to be learnt${set}; ` +
    `${formatCount(data.total_steps)} steps, ${formatCount(data.steps_per_epoch)} in an epoch`
  );
}

/** What is computed a second time instead of being kept in memory. */
const recomputed: Readonly<Record<string, string>> = {
  none: 'everything is kept in memory',
  cheap: 'what is cheap to compute again is not kept in memory',
  blocks: 'whole blocks are computed again to save memory',
};

/** Why another device than the processor, or why not one that could be used. */
function computeLine({ compute }: Plan): string {
  const threads = compute.threads === 1 ? '1 thread' : `${compute.threads} threads`;
  return (
    `Computed by ${compute.runtime} on ${compute.device} in ${compute.precision} with ${threads}; ` +
    `rows of up to ${compute.max_length} tokens; ${recomputed[compute.gradient_checkpointing] ?? compute.gradient_checkpointing}`
  );
}
