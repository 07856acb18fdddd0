import { formatCount, formatNumber } from '../../run/format';
import type { RunState } from '../../run/runState';
import type { ProofEvent, SampleEvent } from '../../run/trainingEvent';

/** A number before and after training, and what it is. */
export interface ChangedNumber {
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

/** What the model made of one prompt before training and at the end; null where no text from before was kept. */
export interface ChangedText {
  readonly prompt: string;
  readonly before: string | null;
  readonly after: string;
}

/** What a finished run changed, in words; everything that was not measured is left out. */
export interface Changes {
  readonly proof: readonly string[];
  readonly numbers: readonly ChangedNumber[];
  readonly texts: readonly ChangedText[];
}

/**
 * Undefined before the run is finished. `firstLoss` is that of step 1, which is computed before anything has changed:
 * the untrained model's; undefined where the run's first step is not known.
 */
export function changesOf(run: RunState, firstLoss: number | undefined): Changes | undefined {
  if (run.finished === null) return undefined;
  const proof = run.proof === null ? [] : proofSentences(run.proof);
  return { proof, numbers: changedNumbers(run, firstLoss), texts: changedTexts(run.samples, resultStep(run)) };
}

function proofSentences({
  modules,
  changed_modules: changed,
  logits_difference: moved,
  rounding,
}: ProofEvent): string[] {
  const layers =
    changed === modules
      ? `All ${formatCount(modules)} trained layers are different now.`
      : `${formatCount(changed)} of ${formatCount(modules)} trained layers are different now.`;
  const times = Number((moved / rounding).toPrecision(2));
  const scores =
    `On a text of your data the scores of the next token moved by up to ${formatNumber(moved)}: ${strength(moved)}, ` +
    `${formatCount(times)} times what rounding alone could do.`;
  return [layers, scores];
}

/** A score is a logarithm: one that rises by 1 makes its token 2.7 times as likely beside the others. */
function strength(moved: number): string {
  if (moved < 0.1) return 'hardly to be noticed in what the model writes';
  if (moved < 1) return 'a slight change';
  return moved < 5 ? 'a clear change' : 'a strong change';
}

function changedNumbers({ finished, evals }: RunState, firstLoss: number | undefined): ChangedNumber[] {
  const numbers: ChangedNumber[] = [];
  if (firstLoss !== undefined && Number.isFinite(firstLoss)) {
    numbers.push({
      label: 'Loss on what it learns',
      before: formatNumber(firstLoss),
      after: formatNumber(finished!.loss),
    });
  }
  const first = evals[0];
  if (first !== undefined && finished!.eval_loss !== null) {
    const before = `${formatNumber(first.eval_loss)} (step ${formatCount(first.step)})`;
    numbers.push({ label: 'Loss on rows it never saw', before, after: formatNumber(finished!.eval_loss) });
  }
  return numbers;
}

/** The step whose state was saved: the last one, or the best one where the recipe asks for that. */
function resultStep({ finished }: RunState): number {
  return finished!.best_step ?? finished!.steps;
}

function changedTexts(samples: readonly SampleEvent[], result: number): ChangedText[] {
  const prompts = [...new Set(samples.map(({ prompt }) => prompt))];
  return prompts.flatMap((prompt) => {
    const own = samples.filter((sample) => sample.prompt === prompt && sample.step > 0 && sample.step <= result);
    const after = own.at(-1);
    if (after === undefined) return [];
    const before = samples.find((sample) => sample.prompt === prompt && sample.step === 0)?.text ?? null;
    return [{ prompt, before, after: after.text }];
  });
}
