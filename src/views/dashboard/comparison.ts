import { formatBytes, formatCount, formatPercent } from '../../run/format';
import type { Plan } from '../../run/plan';

/** One line of LoRA against full fine-tuning. `lora` is undefined where the run itself trains everything. */
export interface ComparedFigure {
  readonly label: string;
  /** What it means, for somebody who meets it for the first time. */
  readonly meaning: string;
  readonly full: number;
  readonly lora: number | undefined;
  readonly format: (value: number) => string;
  /** Says the same as the line above it in other units. */
  readonly isShare?: boolean;
}

/** AdamW keeps two running averages in fp32 for every parameter it trains. */
const optimizerBytes = 8;
/** Adapters and models are written in fp32. */
const fileBytes = 4;

/** The figures of this very model and recipe, most telling first. */
export function comparedFigures(plan: Plan): readonly ComparedFigure[] {
  const full = plan.full.trainable_params;
  const { adapter } = plan;
  const lora = plan.method === 'full' ? undefined : adapter;
  return [
    {
      label: 'Parameters trained',
      meaning: 'Numbers inside the model that training may change',
      full,
      lora: lora?.trainable_params,
      format: formatCount,
    },
    {
      label: 'Share of the model',
      meaning: 'Everything else stays exactly as it was',
      full: 100,
      lora: lora?.trainable_percent,
      format: formatPercent,
      isShare: true,
    },
    {
      label: 'Optimizer memory',
      meaning: 'AdamW remembers two numbers for each trained parameter',
      full: optimizerBytes * full,
      lora: lora === undefined ? undefined : optimizerBytes * lora.trainable_params,
      format: formatBytes,
    },
    {
      label: 'Memory while training',
      meaning: 'The whole process at its peak, estimated',
      full: plan.memory.full_bytes,
      lora: lora === undefined ? undefined : plan.memory.lora_bytes,
      format: formatBytes,
    },
    {
      label: 'File to keep or share',
      meaning: lora === undefined ? 'The whole model again' : 'The adapter, instead of the whole model again',
      full: fileBytes * full,
      lora: lora?.file_bytes,
      format: formatBytes,
    },
  ];
}

/** `21 × less`, or that there is no difference worth a number. */
export function saving({ full, lora, isShare }: ComparedFigure): string {
  if (lora === undefined || lora === 0 || isShare === true) return '';
  const times = full / lora;
  if (times < 0.95) return `${(1 / times).toFixed(1)} × more`;
  if (times < 1.05) return 'about the same';
  return `${times < 10 ? times.toFixed(1) : formatCount(times)} × less`;
}
