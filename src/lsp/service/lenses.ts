import type { CodeLens, InlayHint, Range } from 'vscode-languageserver-types';
import type { Node } from 'jsonc-parser';
import { membersOf } from '../../recipe/syntax';
import { formatBytes, formatCount, formatPercent } from '../../run/format';
import type { Plan } from '../../run/plan';
import { isUnread, type DataFacts } from '../../recipe/facts';
import { layersWords } from './costs';
import { knownOf, type Known, type KnownAdapter, type Sources } from './knowledge';
import { surroundingsOf } from './meanings/surroundings';
import type { Surroundings } from './meanings/meanings';
import { rangeOf, type RecipeDocument } from './recipeDocument';

/** Commands of the editor that a lens runs with the document's uri as its argument. Other editors may know them too. */
export const lensCommands = {
  train: 'lora.trainAdapter',
  preview: 'lora.previewData',
  /** Says something and does nothing: Language Server Protocol has no lens without a command. */
  none: '',
} as const;

/** Above the recipe: train; above `lora`: what it costs; above `dataset`: what is in it. */
export async function codeLenses(document: RecipeDocument, sources: Sources): Promise<CodeLens[]> {
  const { root, uri } = document;
  if (root?.type !== 'object') return [];
  if (document.file === undefined) return [homeless(document, root.offset)];
  const around = await surroundingsOf(document, sources);
  const key = (name: string): Node | undefined => membersOf(root).find((member) => member.key === name)?.keyNode;
  const at = (node: Node | undefined): Range =>
    node === undefined ? document.range(root.offset, 0) : rangeOf(document, node);
  const lens = (range: Range, title: string, command: string): CodeLens => ({
    range,
    command: { title: fromRecipeFolder(title, document), command, ...(command === '' ? {} : { arguments: [uri] }) },
  });
  const lora = key('lora');
  const dataset = key('dataset');
  return [
    lens(document.range(root.offset, 0), 'Train Adapter', lensCommands.train),
    lens(at(lora), costTitle(around), lensCommands.none),
    ...(dataset === undefined
      ? []
      : [
          lens(at(dataset), dataTitle(around), lensCommands.none),
          lens(at(dataset), 'Preview data', lensCommands.preview),
        ]),
  ];
}

/** A line above the text has no room for the folder that everything is in. */
function fromRecipeFolder(title: string, { file = '' }: RecipeDocument): string {
  const folder = file.slice(0, Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  return folder === '' ? title : title.replaceAll(folder, '');
}

/** Paths of a recipe start at its folder: without one there is neither model nor data. */
function homeless(document: RecipeDocument, offset: number): CodeLens {
  const title = document.uri.startsWith('untitled:')
    ? 'Save this recipe as name.lora.json to see its model, data and costs'
    : 'This recipe lies on no disk: its model and data cannot be read, and only its text is checked';
  return { range: document.range(offset, 0), command: { title, command: lensCommands.none } };
}

/** `884,736 trainable parameters · 0.65 % · adapter 3.54 MB · memory about 1.9 GB` */
function costTitle({ adapter, plan }: Surroundings): string {
  const said = titleOf(adapter, 'Reading the base model …', ({ adapter: costs }: KnownAdapter) =>
    [
      `${formatCount(costs.trainable_params)} trainable parameters`,
      formatPercent(costs.trainable_percent),
      `adapter ${formatBytes(costs.file_bytes)}`,
    ].join(' · '),
  );
  if (knownOf(adapter) === undefined || isUnread(plan)) return said;
  return `${said} · memory ${plan === undefined ? '…' : `about ${formatBytes(plan.memory.lora_bytes)}`}`;
}

/** `1,100 rows · 214,000 tokens · longest 212 · 69 steps` */
function dataTitle({ data, tokens, plan }: Surroundings): string {
  return titleOf(data, 'Reading the dataset …', ({ rows, rowsAreExact }: DataFacts) => {
    const planned = knownOf(plan)?.data;
    const lengths = knownOf(tokens)?.lengths ?? [];
    return [
      `${rowsAreExact ? '' : 'about '}${formatCount(rows)} rows`,
      ...(planned === undefined ? [] : [`${planned.estimated ? 'about ' : ''}${formatCount(planned.tokens)} tokens`]),
      ...(lengths.length === 0 ? [] : [`longest ${formatCount(Math.max(...lengths))}`]),
      ...(planned === undefined ? [] : [`${formatCount(planned.total_steps)} steps`]),
    ].join(' · ');
  });
}

function titleOf<Value extends object>(known: Known<Value>, reading: string, say: (value: Value) => string): string {
  if (known === undefined) return reading;
  return isUnread(known) ? known.failure.message : say(known);
}

/** Behind each value that leaves the choice to the engine: what it chose. */
export async function inlayHints(document: RecipeDocument, sources: Sources): Promise<InlayHint[]> {
  const { root } = document;
  if (root?.type !== 'object') return [];
  const around = await surroundingsOf(document, sources);
  return membersOf(root).flatMap((section) =>
    membersOf(section.value ?? section.keyNode).flatMap(({ key, value }) => {
      const label = value === undefined ? undefined : resolutions.get(`${section.key}.${key}`)?.(value.value, around);
      if (label === undefined || value === undefined) return [];
      const { end } = rangeOf(document, value);
      return [{ position: end, label: ` → ${label}`, paddingLeft: true }];
    }),
  );
}

type Resolution = (value: unknown, around: Surroundings) => string | undefined;

const computed =
  (wanted: unknown, part: (compute: Plan['compute']) => string | number): Resolution =>
  (value, { plan }) => {
    const compute = knownOf(plan)?.compute;
    return value === wanted && compute !== undefined ? String(part(compute)) : undefined;
  };

/** What `auto`, `null` and 0 become. */
const resolutions: ReadonlyMap<string, Resolution> = new Map(
  Object.entries<Resolution>({
    'lora.target_modules': (value, { adapter }) => {
      const known = knownOf(adapter);
      if (known === undefined || known.method === 'full') return undefined;
      if (value === null) return known.targets.map(({ entry }) => entry).join(', ');
      return typeof value === 'string' ? layersWords(known.adapter.modules.length) : undefined;
    },
    'dataset.format': (value, { data }) => (value === 'auto' ? knownOf(knownOf(data)?.shape)?.format : undefined),
    'dataset.max_length': computed(null, ({ max_length: length }) => length),
    'training.gradient_checkpointing': computed('auto', ({ gradient_checkpointing: how }) => how),
    'engine.runtime': computed('auto', ({ runtime }) => runtime),
    'engine.device': computed('auto', ({ device }) => device),
    'engine.precision': computed('auto', ({ precision }) => precision),
    'engine.threads': computed(0, ({ threads }) => threads),
  }),
);
