import { codeBlock, markdownText, yamlText } from './cardText';
import { usageText } from './cardUsage';

/** A value of a hyper-parameter as the recipe has it. */
export type CardValue =
  string | number | boolean | null | readonly (string | number)[] | Readonly<Record<string, number>>;

/** What a model card says. Nothing in it is a date or the name of a run, so equal runs give equal cards. */
export interface ModelCardFacts {
  readonly name: string;
  readonly baseModel: string;
  /** Whether `baseModel` is a path from the recipe's folder, not a hub id or an absolute path. */
  readonly isBaseModelRelative?: boolean;
  /** Name of the GGUF file, where the base model is a folder with nothing but one. */
  readonly ggufName?: string;
  /** PEFT's task type, such as `CAUSAL_LM`. */
  readonly taskType: string;
  /** Largest rank of a layer. */
  readonly rank: number;
  /** Whether whole weights are trained beside the adapter. */
  readonly holdsWeights: boolean;
  readonly parameters: { readonly trainable: number; readonly all: number };
  readonly data: {
    /** As the recipe names it. */
    readonly path: string;
    readonly format: string;
    readonly rows: number;
    /** Hexadecimal; of the file's bytes. */
    readonly sha256?: string;
    readonly evalRows?: number;
  };
  /** In the order of the table. */
  readonly hyperParameters: Readonly<Record<string, CardValue>>;
  readonly result: {
    readonly steps: number;
    /** The last step's training loss. */
    readonly loss: number | undefined;
    readonly evalLoss?: number | undefined;
  };
  /** The recipe's text as it was run. */
  readonly recipe: string;
  /** Name of the picture of the losses beside the card; undefined where there is none. */
  readonly curve: string | undefined;
}

const pipelineTags: Readonly<Record<string, string>> = {
  CAUSAL_LM: 'text-generation',
  SEQ_CLS: 'text-classification',
  IMAGE_CLASSIFICATION: 'image-classification',
  TEXT_TO_IMAGE: 'text-to-image',
};

/** The README.md of an adapter folder: YAML front matter as the Hugging Face hub reads it, then Markdown. */
export function renderModelCard(facts: ModelCardFacts): string {
  const { baseModel, ggufName } = facts;
  const place = ggufName === undefined ? baseModel : `${baseModel.replace(/[\\/]+$/, '')}/${ggufName}`;
  return [frontMatter(facts), introduction(facts), usageText({ ...facts, baseModel: place }), training(facts)].join(
    '\n',
  );
}

function frontMatter({ baseModel, taskType }: ModelCardFacts): string {
  const pipelineTag = pipelineTags[taskType];
  return [
    '---',
    `base_model: ${yamlText(baseModel)}`,
    'library_name: peft',
    ...(pipelineTag === undefined ? [] : [`pipeline_tag: ${pipelineTag}`]),
    'tags:',
    `- ${yamlText(`base_model:adapter:${baseModel}`)}`,
    '- lora',
    '- transformers',
    '---',
    '',
  ].join('\n');
}

function introduction({ name, baseModel, parameters }: ModelCardFacts): string {
  const share = ((100 * parameters.trainable) / parameters.all).toFixed(4);
  return `# ${markdownText(name)}

A LoRA adapter for \`${baseModel}\`, trained with LoRA Workbench: ${count(parameters.trainable)} trained parameters
beside ${count(parameters.all)} in all (${share} %). The base model itself is unchanged and not part of this folder.
`;
}

function training({ data, hyperParameters, result, recipe, curve }: ModelCardFacts): string {
  const losses: [string, CardValue][] = [
    ['optimizer steps', result.steps],
    ['final loss', result.loss === undefined ? null : Number(result.loss.toPrecision(5))],
    ['final eval_loss', result.evalLoss === undefined ? null : Number(result.evalLoss.toPrecision(5))],
  ];
  const source: [string, CardValue][] = [
    ['file', data.path],
    ['format', data.format],
    ['rows', data.rows],
    ['rows held out for evaluation', data.evalRows ?? null],
    ['SHA-256', data.sha256 ?? null],
  ];
  return `## Training

### Data

${table(source)}
### Hyper-parameters

${table(Object.entries(hyperParameters), true)}
### Result

${table(losses)}${curve === undefined ? '' : `\n![Loss by step](${curve})\n`}
### Recipe

<details>
<summary>As it was run</summary>

${codeBlock('jsonc', recipe)}
</details>
`;
}

/** Whether a card that `renderModelCard` wrote says that the data had these bytes. */
export function namesTrainingData(card: string, sha256: string): boolean {
  return card.includes(`\n| SHA-256 | ${cell(sha256)} |\n`);
}

/** Rows whose value is null are left out, unless null is a setting like any other. */
function table(rows: readonly [string, CardValue][], showNull = false): string {
  const shown = rows.filter(([, value]) => showNull || value !== null);
  return ['| | |', '|---|---|', ...shown.map(([key, value]) => `| ${key} | ${cell(value)} |`), ''].join('\n');
}

function cell(value: CardValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `\`${text.replaceAll('|', '\\|').replace(/[`\r\n]+/g, ' ')}\``;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
