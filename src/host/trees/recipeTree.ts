import type { RunSummary } from '../../run/answers';
import type { Problem } from '../../recipe/problem';
import { escapeMarkdown } from './markdown';
import type { TreeNode } from './treeNode';

/** A recipe of the workspace and what its text alone tells. */
export interface ListedRecipe {
  /** Absolute path. */
  readonly file: string;
  /** The path as people know it, from the workspace's folder. */
  readonly shown: string;
  readonly problems: readonly Problem[];
}

/** The Recipes view: by path, with problems and how the latest run went. `runs` has the latest first. */
export function recipeTree(recipes: readonly ListedRecipe[], runs: readonly RunSummary[]): readonly TreeNode[] {
  const sorted = [...recipes].sort((a, b) => a.shown.localeCompare(b.shown));
  return sorted.map((recipe) =>
    recipeNode(
      recipe,
      runs.find((run) => run.recipe === recipe.file),
    ),
  );
}

function recipeNode({ file, shown, problems }: ListedRecipe, latest: RunSummary | undefined): TreeNode {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const status = errors.length > 0 ? counted(errors.length) : (latest?.status ?? 'not trained yet');
  const messages = problems.map(({ message, range }) => `- line ${range.start.line + 1}: ${escapeMarkdown(message)}`);
  const name = shown.split(/[\\/]/).at(-1)!;
  const parent = shown.slice(0, -name.length - 1);
  return {
    id: file,
    label: name.replace(/\.lora\.jsonc?$/i, ''),
    description: parent === '' ? status : `${status} · ${parent}`,
    tooltip: [`**${escapeMarkdown(shown)}**`, escapeMarkdown(status), messages.join('\n')].join('\n\n').trimEnd(),
    icon: errors.length > 0 ? 'error' : 'beaker',
    ...(errors.length > 0 ? { color: 'list.errorForeground' } : {}),
    context: errors.length > 0 ? 'recipe.broken' : 'recipe',
    path: file,
    click: 'open-file',
  };
}

function counted(errors: number): string {
  return errors === 1 ? '1 problem' : `${errors} problems`;
}
