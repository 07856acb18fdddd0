import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { LoadedRecipe } from '../../../recipe/loadedRecipe';
import type { PreviewAbout, PreviewParams } from '../../../run/preview';
import { RowBrowser } from '../../data/rowBrowser';
import type { Tokenizer } from '../../data/tokenizer';
import { openBaseModel, openModelTokenizer } from '../../facts/baseModel';
import { loadRecipe, readRecipeText } from '../loadRecipe';
import { readingOf } from '../prepare';
import { RowSample } from './rowSample';

/** A recipe's data with its tokenizer, opened. */
export interface OpenPreview {
  readonly browser: RowBrowser;
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
  readonly sample: RowSample;
  readonly about: () => PreviewAbout;
  /** Whether the recipe, the data and the tokenizer are still what they were. */
  isCurrent(params: PreviewParams): Promise<boolean>;
}

/**
 * Opens what a preview shows. The adapter is no part of it, so a recipe without one that fits can be looked at too.
 * @throws Failure about the recipe, its model's files or its data
 */
export async function openPreview(params: PreviewParams): Promise<OpenPreview> {
  const text = await textOf(params);
  const { loaded } = await loadRecipe({ file: params.recipeFile, overrides: [], text });
  const base = await openBaseModel(loaded.recipe.base_model, path.dirname(loaded.file));
  const { maxLength, optionsOf } = readingOf(loaded, base);
  const options = optionsOf('train');
  // The model's own path counts where it is a GGUF file.
  const files = [options.path, base.folder.path, ...tokenizerFiles.map((name) => path.join(base.folder.path, name))];
  const states = await statesOf(files);
  const tokenizer = await openModelTokenizer(base);
  // Uncut: what is cut off is shown too.
  const browser = await RowBrowser.open({ ...options, maxLength: Infinity }, tokenizer, base.folder.chatTemplate);
  return {
    browser,
    tokenizer,
    maxLength,
    sample: new RowSample(browser, maxLength),
    about: () => aboutOf(loaded, options.path, maxLength, browser),
    isCurrent: async (other) =>
      other.recipeFile === params.recipeFile &&
      (await textOf(other)) === text &&
      (await statesOf(files)).every((state, at) => state === states[at]),
  };
}

const tokenizerFiles = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja'];

function aboutOf({ recipe }: LoadedRecipe, dataset: string, maxLength: number, browser: RowBrowser): PreviewAbout {
  const { format, rowCount, rowCountIsExact } = browser;
  return { name: recipe.name, baseModel: recipe.base_model, dataset, format, maxLength, rowCount, rowCountIsExact };
}

async function textOf({ recipeFile, text }: PreviewParams): Promise<string> {
  return text ?? (await readRecipeText(recipeFile));
}

/** What changes when a file does; empty for one that is not there. */
async function statesOf(files: readonly string[]): Promise<string[]> {
  return Promise.all(
    files.map(async (file) => {
      const found = await stat(file).catch(() => undefined);
      return found === undefined ? '' : [found.ino, found.size, found.mtimeMs].join(' ');
    }),
  );
}
