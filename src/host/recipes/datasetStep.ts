import * as vscode from 'vscode';
import { datasetCandidates } from '../../run/ingredients';
import type { DatasetDescription } from '../../run/proposal';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { chooseColumns } from './columnStep';
import { pathFromRecipe } from './ingredients';
import type { LookingEngine } from './lookingEngine';
import { chooseUsable, group, type Choice } from './steps';

/** Projects have many files in JSON… */
const limit = 5000;
/** …but nobody scrolls through more than these. */
const mostDescribed = 200;

/** What a recipe says of its dataset. */
export interface ChosenDataset {
  /** Absolute path. */
  readonly file: string;
  /** Role → column; empty where the columns have names that are known. */
  readonly columns: Readonly<Record<string, string>>;
}

/** A file of examples and, where its columns have names of their own, what they mean. Undefined: the user left. */
export async function chooseDataset(
  title: string,
  folder: string,
  files: WorkspaceFiles,
  engine: LookingEngine | undefined,
  openLabel = 'Learn from This File',
): Promise<ChosenDataset | undefined> {
  const choice = await chooseUsable(title, 'JSON Lines, JSON, CSV, Parquet or text; one example a row', choices());
  if (choice === undefined) return undefined;
  const described = choice === 'browse' ? await browse({ title, openLabel }, engine) : choice;
  if (described === undefined) return undefined;
  if (described.state !== 'columns-unknown') return { file: described.file, columns: {} };
  const columns = await chooseColumns(title.replace(/:.*/, ''), described);
  return columns === undefined ? undefined : { file: described.file, columns };

  async function choices(): Promise<readonly Choice<Described | 'browse'>[]> {
    const names = await files.matching('**/*.{jsonl,ndjson,json,csv,tsv,parquet,txt,safetensors}', limit);
    const described = await describe(datasetCandidates(names).slice(0, mostDescribed), engine);
    return [
      ...group(
        'in this workspace',
        described.flatMap((one) => datasetChoice(one, folder)),
      ),
      ...group<Described | 'browse'>('elsewhere', [{ label: '$(folder-opened) Choose a file…', value: 'browse' }]),
    ];
  }
}

/** A file alone where no engine may look into it. */
type Described = DatasetDescription | { readonly file: string; readonly state: 'unknown' };

async function describe(files: readonly string[], engine: LookingEngine | undefined): Promise<readonly Described[]> {
  const unknown = files.map((file) => ({ file, state: 'unknown' as const }));
  // Why nothing can be described is told where values are proposed.
  return engine === undefined ? unknown : engine.describeDatasets(files).catch(() => unknown);
}

function datasetChoice(described: Described, folder: string): readonly Choice<Described>[] {
  const name = pathFromRecipe(folder, described.file);
  if (described.state === 'unknown') return [{ label: `$(database) ${name}`, value: described }];
  const { state, words } = described;
  if (state === 'ready') return [{ label: `$(database) ${name}`, description: words, value: described }];
  if (state === 'columns-unknown') {
    const description = `${words}: you say which is which`;
    return [{ label: `$(database) ${name}`, description, value: described }];
  }
  if (!described.isDataset) return [];
  const problem = [words, described.hint].filter((part) => part !== null).join(' ');
  return [{ label: `$(error) ${name}`, description: 'cannot be used', detail: words, problem }];
}

async function browse(
  asked: { readonly title: string; readonly openLabel: string },
  engine: LookingEngine | undefined,
): Promise<Described | undefined> {
  const filters = { Datasets: ['jsonl', 'ndjson', 'json', 'csv', 'tsv', 'parquet', 'txt', 'md'] };
  const chosen = await vscode.window.showOpenDialog({ ...asked, filters });
  const file = chosen?.[0]?.fsPath;
  if (file === undefined) return undefined;
  const [described] = await describe([file], engine);
  if (described?.state !== 'unusable') return described;
  const problem = [described.words, described.hint].filter((part) => part !== null).join(' ');
  void vscode.window.showErrorMessage(problem);
  return undefined;
}
