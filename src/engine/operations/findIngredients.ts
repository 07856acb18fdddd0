import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { baseModelsAmong, datasetCandidates } from '../../run/ingredients';
import type { FoundIngredients } from '../../run/proposal';
import { describeDatasets } from './describeDatasets';
import { describeModels } from './describeModels';

/** Folders of packages and of runs hold copies that are nobody's model or data. */
const passedOver = new Set(['node_modules', 'site-packages', 'venv', '__pycache__']);
const deepest = 4;
/** More than anyone reads; a home folder is not searched to its end. */
const mostFiles = 5000;
const mostDescribed = 100;

/** What a recipe in or below `folder` could be made of: model folders, GGUF files, models of the hub cache, datasets. */
export async function findIngredients(folder: string, signal?: AbortSignal): Promise<FoundIngredients> {
  const files = await filesBelow(folder);
  return {
    models: await describeModels({ folders: baseModelsAmong(files), withCache: true }, signal),
    datasets: await describeDatasets(datasetCandidates(files).slice(0, mostDescribed), signal),
  };
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  let level = [folder];
  for (let depth = 0; depth <= deepest && level.length > 0 && files.length < mostFiles; depth++) {
    const next: string[] = [];
    for (const parent of level) {
      const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        if (entry.name.startsWith('.') || passedOver.has(entry.name)) continue;
        if (entry.isDirectory()) next.push(path.join(parent, entry.name));
        else files.push(path.join(parent, entry.name));
      }
      if (files.length >= mostFiles) break;
    }
    level = next;
  }
  return files;
}
