import type { PlaygroundEvaluation } from '../../../run/playground';
import type { Comparison, ComparisonRow } from '../../../run/playgroundProtocol';
import { formatBytes, formatNumber, formatPercent } from '../../../run/format';
import type { AdapterFacts } from '../../adapters/adapterFacts';

/** What is known of an adapter that is compared. */
export interface ComparedAdapter {
  readonly facts: AdapterFacts;
  readonly evaluations: readonly PlaygroundEvaluation[];
}

/** Facts of the model card that are results, and no settings. */
const results = ['final loss', 'final eval_loss', 'optimizer steps'];

/** Puts what is known of some adapters side by side: what was measured, and how they were trained. */
export function compareAdapters(adapters: readonly ComparedAdapter[]): Comparison {
  const cards = adapters.map(({ facts }) => new Map(facts.training));
  const own = (label: string, valueOf: (facts: AdapterFacts) => string | null): ComparisonRow =>
    row(label, [null, ...adapters.map(({ facts }) => valueOf(facts))]);
  const fromCards = (label: string): ComparisonRow =>
    row(label, [null, ...cards.map((card) => card.get(label) ?? null)]);
  const labels = new Set(cards.flatMap((card) => [...card.keys()]));
  const settings = [
    own('base model', ({ baseModel }) => baseModel),
    own('r', ({ r }) => r?.toString() ?? null),
    own('lora_alpha', ({ loraAlpha }) => loraAlpha?.toString() ?? null),
    own('target_modules', ({ targetModules }) =>
      typeof targetModules === 'string' ? targetModules : (targetModules?.join(', ') ?? null),
    ),
    own('size', ({ bytes }) => (bytes === null ? null : formatBytes(bytes))),
  ];
  const known = new Set([...results, ...settings.map(({ label }) => label)]);
  const further = [...labels].filter((label) => !known.has(label)).map(fromCards);
  return {
    folders: adapters.map(({ facts }) => facts.folder),
    figures: [...evaluationRows(adapters), ...results.map(fromCards)].filter(isKnown),
    settings: [...settings, ...further].filter(isKnown),
  };
}

/** For each dataset that one of them was evaluated on; the same name may stand for several files. */
function evaluationRows(adapters: readonly ComparedAdapter[]): readonly ComparisonRow[] {
  const datasets = new Map(
    adapters.flatMap(({ evaluations }) => evaluations).map(({ dataset, datasetHash }) => [datasetHash, dataset]),
  );
  return [...datasets].flatMap(([hash, dataset]) => {
    const found = adapters.map(({ evaluations }) => evaluations.find((each) => each.datasetHash === hash));
    const name = dataset.split(/[\\/]/).at(-1)!;
    const first = (valueOf: (one: PlaygroundEvaluation) => number | null): number | null =>
      found.map((one) => (one === undefined ? null : valueOf(one))).find((value) => value !== null) ?? null;
    const figure = (
      label: string,
      valueOf: (one: PlaygroundEvaluation) => number | null,
      baseOf: (one: PlaygroundEvaluation) => number | null,
      format: (value: number) => string,
    ): ComparisonRow => {
      const values = [first(baseOf), ...found.map((one) => (one === undefined ? null : valueOf(one)))];
      return row(
        `${label} on ${name}`,
        values.map((value) => (value === null ? null : format(value))),
      );
    };
    const percent = (share: number): string => formatPercent(100 * share);
    return [
      figure(
        'loss',
        ({ loss }) => loss,
        ({ baseLoss }) => baseLoss,
        formatNumber,
      ),
      figure(
        'perplexity',
        ({ perplexity }) => perplexity,
        ({ baseLoss }) => (baseLoss === null ? null : Math.exp(baseLoss)),
        formatNumber,
      ),
      figure(
        'right first guesses',
        ({ accuracy }) => accuracy,
        ({ baseAccuracy }) => baseAccuracy,
        percent,
      ),
      figure(
        'right answers',
        ({ score }) => score,
        ({ baseScore }) => baseScore,
        percent,
      ),
    ];
  });
}

function row(label: string, values: readonly (string | null)[]): ComparisonRow {
  return { label, values, differs: new Set(values.slice(1)).size > 1 };
}

function isKnown({ values }: ComparisonRow): boolean {
  return values.some((value) => value !== null);
}
