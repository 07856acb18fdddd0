import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Recipe } from '../../src/recipe/recipe.generated';
import { writeJson, writeTinyModel } from './model';
import type { TinyModelOptions } from './model';

type Changes = { readonly [Key in keyof Recipe]?: unknown };

/** A temporary folder with a tiny model, rows to train on and a recipe. */
export interface TinyProject {
  readonly folder: string;
  readonly model: string;
  readonly data: string;
  readonly recipe: string;
  /** Where the recipe writes its adapter. */
  readonly output: string;
}

/** An empty folder that lives as long as the test. */
export async function temporaryFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lora-tiny-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** 24 questions and answers of unequal length. */
export function tinyRows(count = 24): { readonly prompt: string; readonly completion: string }[] {
  return Array.from({ length: count }, (_, i) => ({
    prompt: `${i} + ${i % 5} =`,
    completion: ` ${i + (i % 5)}${'!'.repeat(i % 7)}`,
  }));
}

export function jsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Writes the files of a tiny project; `changes` replace keys of the recipe's sections. */
export async function writeTinyProject(
  folder: string,
  changes: Changes = {},
  model: TinyModelOptions = {},
): Promise<TinyProject> {
  const project = {
    folder,
    model: path.join(folder, 'model'),
    data: path.join(folder, 'train.jsonl'),
    recipe: path.join(folder, 'tiny.lora.json'),
    output: path.join(folder, 'adapters', 'tiny'),
  };
  await writeTinyModel(project.model, model);
  await writeFile(project.data, jsonLines(tinyRows()));
  await writeRecipe(project, changes);
  return project;
}

/** Writes the project's recipe anew. */
export async function writeRecipe({ recipe }: TinyProject, changes: Changes): Promise<void> {
  await writeJson(recipe, tinyRecipe(changes));
}

function tinyRecipe(changes: Changes): unknown {
  const { lora, dataset, training, engine, ...others } = changes;
  return {
    base_model: 'model',
    ...others,
    lora: { r: 4, lora_alpha: 8, lora_dropout: 0, ...(lora as object) },
    dataset: { path: 'train.jsonl', eval_split: 0, max_length: 32, ...(dataset as object) },
    training: {
      max_steps: 4,
      per_device_train_batch_size: 2,
      learning_rate: 1e-2,
      lr_scheduler_type: 'constant',
      ...(training as object),
    },
    // One thread computes tiny products fastest.
    engine: { threads: 1, ...(engine as object) },
  };
}
