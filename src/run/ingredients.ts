/** What a recipe is made of, among the files of a folder: decided by names alone, before anything is opened. */

/** Endings of files that hold nothing but rows. */
const rowEndings = /\.(jsonl|ndjson|csv|tsv|parquet)$/i;
/** Endings of files that often are something else. */
const otherEndings = /\.(json|txt)$/i;

/** Names that such files have where they are no data. */
const notData =
  /(^|[/\\])(package(-lock)?|[tj]sconfig[^/\\]*|requirements[^/\\]*|constraints|licen[cs]e[^/\\]*|notice|readme|cmakelists|robots|vocab|merges|tokenizer[^/\\]*|config|adapter_config|generation_config|special_tokens_map|added_tokens|[^/\\]*\.lora)\.(json|txt)$/i;

function folderOf(file: string): string {
  return file.replace(/[/\\][^/\\]*$/, '');
}

/** Model folders among files: each has a `config.json` and weights in `.safetensors`. */
export function modelFolders(files: readonly string[]): readonly string[] {
  const weights = new Set(files.filter((file) => file.endsWith('.safetensors')).map(folderOf));
  return files
    .filter((file) => /[/\\]config\.json$/.test(file))
    .map(folderOf)
    .filter((folder) => weights.has(folder));
}

/**
 * Whether a file may be a whole model in one GGUF file: adapters, the parts for pictures and the further pieces of a split model
 * have names of their own.
 */
export function isGgufModel(file: string): boolean {
  const name = file.replace(/^.*[/\\]/, '');
  return /\.gguf$/i.test(name) && !/(\.lora|-lora-[^.]*)\.gguf$|^mmproj|-\d+-of-\d+\.gguf$/i.test(name);
}

/** What may be a base model among files: folders with weights, then GGUF files. */
export function baseModelsAmong(files: readonly string[]): readonly string[] {
  return [...modelFolders(files), ...files.filter(isGgufModel)];
}

/** Files that may be datasets: first those that hold rows by their ending, then others in no model's or adapter's folder. */
export function datasetCandidates(files: readonly string[]): readonly string[] {
  const taken = new Set(files.filter((file) => file.endsWith('.safetensors')).map(folderOf));
  const others = files.filter(
    (file) => otherEndings.test(file) && !notData.test(file) && !taken.has(folderOf(file)) && !isHidden(file),
  );
  return [...files.filter((file) => rowEndings.test(file)), ...others];
}

/** In a folder of settings, such as `.vscode`. */
function isHidden(file: string): boolean {
  return /(^|[/\\])\.[^/\\]+[/\\][^/\\]+$/.test(file);
}

const thousand = 1000;

/** `15.2 million`, `1.24 billion`, `656 thousand`, `880` */
export function roughCount(count: number): string {
  for (const [size, word] of [
    [thousand ** 3, 'billion'],
    [thousand ** 2, 'million'],
    [thousand, 'thousand'],
  ] as const) {
    if (count >= size) return `${Number((count / size).toPrecision(3))} ${word}`;
  }
  return String(Math.round(count));
}
