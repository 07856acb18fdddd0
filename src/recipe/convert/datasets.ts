import { textOf } from './source';
import type { Setting } from './source';
import type { Translation } from './translation';

const fileEndings = /\.(jsonl|ndjson|json|csv|tsv|parquet|txt|md)$/i;

/** Whether a dataset's name means a file: it looks like one, or begins like a path. */
export function isFilePath(name: string): boolean {
  return fileEndings.test(name);
}

function isFolderPath(name: string): boolean {
  return /^(\.{1,2}|~|[A-Za-z]:)?[/\\]/.test(name) || name.split('/').length > 2;
}

/** Takes over where the rows are; what is no file becomes a path to fill in. */
export function takeDataset(setting: Setting, translation: Translation, to = 'dataset.path'): void {
  const name = textOf(setting.value);
  if (isFilePath(name)) {
    translation.keep(setting, to);
    return;
  }
  const last =
    name
      .split(/[/\\]/)
      .filter((part) => part !== '')
      .at(-1) ?? 'train';
  const stand = `data/${last.replaceAll(/[^\w.-]/g, '-')}.jsonl`;
  translation.kept.push({ key: setting.key, value: setting.value, line: setting.line, to, written: stand });
  const what = isFolderPath(name)
    ? `${JSON.stringify(name)} is a folder, and a recipe reads one file of it.`
    : `${JSON.stringify(name)} is a dataset of the Hugging Face hub. Download it and name its file here.`;
  translation.leaveToFill(to, stand, what);
}
