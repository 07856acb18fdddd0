import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { adapterConfigDefaults } from '../../src/engine/formats/adapterConfig';
import { writeAdapterFolder } from '../../src/engine/formats/adapterFolder';
import { randomStream } from '../../src/random/randomStream';
import { temporaryFolder } from '../tiny/recipe';
import { writeCorpusData } from './datasets';
import type { CorpusRecipe } from './corpusRecipe';
import { writeCorpusModels } from './models';

/** A project folder with models, data and adapters, and each recipe in a folder of its own. */
export interface World {
  readonly folder: string;
  fileOf(recipe: CorpusRecipe): string;
}

export async function writeWorld(t: Pick<TestContext, 'after'>, recipes: readonly CorpusRecipe[]): Promise<World> {
  const folder = await temporaryFolder(t);
  // Marks the folder as a workspace: what lies outside of it leaves the project.
  await mkdir(path.join(folder, '.vscode'));
  await writeCorpusModels(path.join(folder, 'models'));
  await writeCorpusData(path.join(folder, 'data'));
  await writeAdapters(path.join(folder, 'adapters'));
  const fileOf = ({ slug }: CorpusRecipe): string => path.join(folder, slug, `${slug}.lora.json`);
  for (const recipe of recipes) {
    await mkdir(path.join(folder, recipe.slug));
    await writeFile(fileOf(recipe), recipe.text);
    for (const { name, text } of recipe.beside) await writeFile(path.join(folder, recipe.slug, name), text);
  }
  return { folder, fileOf };
}

/** Adapters of the tiny LLaMA to start from, and folders that are none. */
async function writeAdapters(folder: string): Promise<void> {
  await writeAdapter(path.join(folder, 'small'), { r: 4, names: ['q_proj', 'v_proj'], base: '../models/llama' });
  await writeAdapter(path.join(folder, 'wide'), { r: 16, names: ['q_proj', 'v_proj'], base: '../models/llama' });
  for (const name of ['nothing', 'notes', 'models']) await mkdir(path.join(folder, name));
  await writeFile(path.join(folder, 'notes', 'diary.txt'), 'Dear diary');
  await writeFile(path.join(folder, 'a-file'), 'not a folder');
  await writeFile(path.join(folder, 'nothing', 'adapter_model.bin'), 'PK');
}

async function writeAdapter(
  folder: string,
  { r, names, base }: { readonly r: number; readonly names: readonly string[]; readonly base: string },
): Promise<void> {
  const sizes: Readonly<Record<string, number>> = { q_proj: 32, v_proj: 16 };
  const tensors = [0, 1].flatMap((layer) =>
    names.flatMap((name) => {
      const at = `model.layers.${layer}.self_attn.${name}`;
      const random = randomStream(2, at);
      const matrix = (part: string, shape: readonly [number, number]) => ({
        name: `${at}.lora_${part}.weight`,
        shape,
        data: Float32Array.from({ length: shape[0] * shape[1] }, () => 0.02 * random.normal()),
        dtype: 'F32' as const,
      });
      return [matrix('A', [r, 32]), matrix('B', [sizes[name]!, r])];
    }),
  );
  const config = { ...adapterConfigDefaults, r, target_modules: names, base_model_name_or_path: base };
  await writeAdapterFolder(folder, { config, tensors, modelCard: '# A small adapter\n' });
}
