import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { writeTinyModel } from '../tiny/model';
import { jsonLines, temporaryFolder, tinyRows } from '../tiny/recipe';
import { uriOf } from './client';

/** A folder with a tiny model in `model/`, 24 rows in `data.jsonl` and room for recipes. */
export interface Project {
  readonly folder: string;
  readonly data: string;
  /** Of `mine.lora.json`, which is not written. */
  readonly recipe: string;
}

export async function writeProject(t: Pick<TestContext, 'after'>): Promise<Project> {
  const folder = await temporaryFolder(t);
  await writeTinyModel(path.join(folder, 'model'));
  const data = path.join(folder, 'data.jsonl');
  await writeFile(data, jsonLines(tinyRows()));
  return { folder, data, recipe: uriOf(path.join(folder, 'mine.lora.json')) };
}

/** A recipe for the project, as text; `more` are further members. */
export function recipeText(more = '', dataset = ''): string {
  return `{
  "base_model": "./model",
  "dataset": { "path": "data.jsonl"${dataset} }${more === '' ? '' : `,\n  ${more}`}
}
`;
}
