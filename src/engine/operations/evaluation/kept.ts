import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import type { Evaluation, EvaluationOptions, LossFigures } from '../../../run/answers';
import { writeFileAtomically } from '../../formats/atomicFile';
import { namesTrainingData } from '../../formats/modelCard';
import { withEvaluations } from '../../formats/cardEvaluation';
import type { CardEvaluation, CardFigures } from '../../formats/cardEvaluation';
import { readJsonObjectIfPresent, readTextIfPresent } from '../../formats/jsonFile';

const name = 'evaluation.json';
const cardName = 'README.md';

/** One evaluation as it is kept beside an adapter. */
export interface KeptEvaluation extends Evaluation {
  readonly dataset: string;
  readonly dataset_sha256: string;
  /** Of `adapter_model.safetensors`: an adapter that was trained anew has not been evaluated. */
  readonly adapter_sha256: string;
  readonly base_model: string;
  /** ISO 8601. */
  readonly evaluated: string;
}

/**
 * Keeps an evaluation of one adapter, as it was trained, in its folder; an earlier one on the same file is replaced, and
 * those of an earlier state of the adapter go. Its model card tells the figures, too. Gives what the keeping adds.
 */
export async function keepEvaluation(
  options: EvaluationOptions,
  evaluation: Evaluation,
): Promise<Pick<Evaluation, 'kept' | 'trained_on'>> {
  const [adapter, ...others] = options.adapters;
  if (adapter === undefined || others.length > 0 || adapter.weight !== 1) return {};
  const file = path.join(adapter.folder, name);
  const adapterHash = await hashOf(path.join(adapter.folder, 'adapter_model.safetensors'));
  const datasetHash = await hashOf(options.dataset);
  const card = await readTextIfPresent(path.join(adapter.folder, cardName));
  const trained = card !== undefined && namesTrainingData(card, datasetHash) ? { trained_on: true as const } : {};
  const entry: KeptEvaluation = {
    dataset: options.dataset,
    dataset_sha256: datasetHash,
    adapter_sha256: adapterHash,
    base_model: options.baseModel,
    evaluated: new Date().toISOString(),
    ...evaluation,
    ...trained,
  };
  const earlier = (await readJsonObjectIfPresent(file))?.['evaluations'];
  const kept = (Array.isArray(earlier) ? (earlier as Partial<KeptEvaluation>[]) : []).filter(
    (one) => one.adapter_sha256 === adapterHash && one.dataset !== options.dataset,
  );
  await writeFileAtomically(file, `${JSON.stringify({ version: 1, evaluations: [...kept, entry] }, null, 2)}\n`);
  if (card !== undefined) await tellInCard(adapter.folder, card);
  return { kept: file, ...trained };
}

/** The model card, which goes where the adapter goes, has the figures too. */
async function tellInCard(folder: string, card: string): Promise<void> {
  const evaluated = withEvaluations(card, (await keptEvaluations(folder)).map(cardEvaluation));
  if (evaluated !== card) await writeFileAtomically(path.join(folder, cardName), evaluated);
}

function cardEvaluation({
  dataset,
  base,
  score,
  verdict,
  trained_on: trainedOn,
  ...own
}: KeptEvaluation): CardEvaluation {
  const figures = (of: LossFigures, share: number | undefined): CardFigures => {
    return { loss: of.eval_loss, perplexity: of.perplexity, accuracy: of.mean_token_accuracy, score: share };
  };
  return {
    dataset: path.basename(dataset),
    isTrainedOn: trainedOn === true,
    own: figures(own, score?.share),
    base: base === undefined ? undefined : figures(base, score?.base?.share),
    verdict,
  };
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The evaluations that are kept beside an adapter and are of its present state; none where the file cannot be read. */
export async function keptEvaluations(folder: string): Promise<readonly KeptEvaluation[]> {
  const kept = await readJsonObjectIfPresent(path.join(folder, name)).catch(() => undefined);
  const entries: unknown = kept?.['evaluations'];
  if (!Array.isArray(entries) || entries.length === 0) return [];
  const adapterHash = await hashOf(path.join(folder, 'adapter_model.safetensors')).catch(() => undefined);
  return (entries as Partial<KeptEvaluation>[]).filter(
    (one): one is KeptEvaluation =>
      one.adapter_sha256 === adapterHash &&
      typeof one.dataset === 'string' &&
      typeof one.dataset_sha256 === 'string' &&
      typeof one.eval_loss === 'number' &&
      typeof one.perplexity === 'number' &&
      typeof one.mean_token_accuracy === 'number',
  );
}
