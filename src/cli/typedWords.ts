import { Failure } from '../failure/failure';
import type { Place } from '../failure/failure';
import type { Command } from './command';

/** Keys of recipes as the options of commands that need no recipe; a command says what of it has. */
const words: readonly (readonly [option: string, key: RegExp, typed: string])[] = [
  ['base-model', /"base_model"|\bbase_model\b/g, '--base-model'],
  ['max-length', /\b(dataset\.)?max_length\b/g, '--max-length'],
  ['prompt-column', /\bdataset\.columns maps "(\w+)" to/g, '--$1-column names'],
  [
    'prompt-column',
    /\bdataset\.columns, such as \{"prompt": ("[^"]*"), "completion": ("[^"]*")\}/g,
    '--prompt-column $1 --completion-column $2',
  ],
];

/** Where the recipe's keys have no option of the same meaning. */
const hints: Readonly<Record<string, string>> = {
  'model-is-an-adapter': 'Give the model that it was trained on with --base-model; the adapter goes with --adapter.',
};

/**
 * A failure as somebody reads it who typed `--base-model` and wrote no recipe: the engine calls the same by the recipe's keys. Any
 * other error as it is.
 */
export function inTypedWords(error: unknown, { options }: Pick<Command, 'options'>): unknown {
  if (!(error instanceof Failure) || !('base-model' in options)) return error;
  const typed = (text: string): string =>
    words.reduce((said, [option, key, name]) => (option in options ? said.replace(key, name) : said), text);
  const { code, exitCode, cause } = error;
  const hint = hints[code] ?? (error.hint === undefined ? undefined : typed(error.hint));
  const place = typedPlace(error.place, options);
  return new Failure(code, typed(error.message), {
    exitCode,
    cause,
    ...(hint === undefined ? {} : { hint }),
    ...(place === undefined ? {} : { place }),
  });
}

/** Without the place in a recipe that nobody wrote. */
function typedPlace(place: Place | undefined, options: Command['options']): Place | undefined {
  if (place?.path === undefined || !('prompt-column' in options) || !place.path.startsWith('dataset.')) return place;
  const { file } = place;
  return file === undefined ? undefined : { file };
}
