import { CompletionItemKind } from 'vscode-languageserver-types';
import { formatCount } from '../../../run/format';
import { adapterParams, layersWords, linearModules, modulesNamed } from '../costs';
import { exactNode } from '../../../recipe/syntax';
import type { Cursor } from '../cursor';
import { draftOf, rankOf } from '../draftOf';
import type { ModelFacts, ModuleFacts } from '../../../recipe/facts';
import { knownOf, type Sources } from '../knowledge';
import type { RecipeDocument } from '../recipeDocument';
import { escapeSnippet, type Suggestion } from './suggestion';

/** Whole values of `target_modules`: every linear layer, the family's defaults, or a list of one's own. */
export async function targetSuggestions(
  document: RecipeDocument,
  _cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const r = rankOf(draftOf(document));
  const model = knownOf((await sources.facts(document)).model);
  if (model === undefined) return [];
  const lists = [
    { label: 'all-linear', modules: linearModules(model), insert: '"all-linear"' },
    ...(model.defaultTargets.length > 0 ? [listOf(model, model.defaultTargets)] : []),
    ...attentionAndMlp(model).map((names) => listOf(model, names)),
  ];
  return lists.map(({ label, modules, insert }) => ({
    label,
    insert: escapeSnippet(insert),
    kind: CompletionItemKind.Value,
    detail: detailOf(modules, r),
    documentation: `Adapts ${namesIn(modules)
      .map((name) => `\`${name}\``)
      .join(', ')}.`,
  }));
}

/** Names of layers: of an entry of a list, or of a list that is about to begin. */
export async function moduleNameSuggestions(
  document: RecipeDocument,
  cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const model = knownOf((await sources.facts(document)).model);
  if (model === undefined) return [];
  const r = rankOf(draftOf(document));
  const isItem = typeof cursor.path.at(-1) === 'number';
  const taken = isItem ? itemsBeside(document, cursor) : [];
  const key = cursor.path[1];
  const adaptable = model.modules.filter(({ isAdaptable }) => isAdaptable);
  const linear = linearModules(model);
  // What is usually adapted first: embeddings and the head are large, and rarely meant.
  return namesIn([...linear, ...adaptable])
    .filter((name) => !taken.includes(name))
    .map((name) => {
      const modules = modulesNamed(model, name);
      const detail = key === 'modules_to_save' ? savedDetail(modules) : detailOf(modules, r);
      return {
        label: name,
        insert: escapeSnippet(isItem ? JSON.stringify(name) : `[${JSON.stringify(name)}]`),
        kind: CompletionItemKind.Module,
        detail,
        documentation: `\`${modules[0]!.path}\` …`,
        isPreferred: key === 'target_modules' && model.defaultTargets.includes(name),
      };
    });
}

/** Last parts of the paths, each once, in their order. */
function namesIn(modules: readonly ModuleFacts[]): readonly string[] {
  return [...new Set(modules.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)))];
}

function listOf(
  model: ModelFacts,
  names: readonly string[],
): { label: string; modules: ModuleFacts[]; insert: string } {
  const label = `[${names.map((name) => JSON.stringify(name)).join(', ')}]`;
  return { label, modules: names.flatMap((name) => modulesNamed(model, name)), insert: label };
}

/** The linear layers of a block by the group that they lie in, such as `self_attn`: one list for each. */
function attentionAndMlp(model: ModelFacts): readonly (readonly string[])[] {
  const groups = new Map<string, Set<string>>();
  for (const { path } of linearModules(model)) {
    const [group, name] = path.split('.').slice(-2);
    if (group === undefined || name === undefined) continue;
    groups.set(group, (groups.get(group) ?? new Set<string>()).add(name));
  }
  return [...groups.values()].map((names) => [...names]).filter((names) => names.length > 1);
}

function detailOf(modules: readonly ModuleFacts[], r: number): string {
  const params = modules.reduce((sum, module) => sum + adapterParams(module, r), 0);
  return `${layersWords(modules.length)}, ${formatCount(params)} parameters at rank ${r}`;
}

function savedDetail(modules: readonly ModuleFacts[]): string {
  const params = modules.reduce((sum, { in: inputs, out: outputs }) => sum + inputs * outputs, 0);
  return `${layersWords(modules.length)}, ${formatCount(params)} parameters trained in full`;
}

/** The texts of the list that the cursor's entry stands in. */
function itemsBeside({ root }: RecipeDocument, { path, word }: Cursor): readonly string[] {
  const list = root === undefined ? undefined : exactNode(root, path.slice(0, -1));
  return (list?.children ?? []).flatMap(({ offset, value }) =>
    offset !== word.offset && typeof value === 'string' ? [value] : [],
  );
}
