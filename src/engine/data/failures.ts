import { Failure } from '../../failure/failure';
import type { Place } from '../../failure/failure';

export function tokenizerMissing(file: string): Failure {
  return new Failure('tokenizer-missing', `There is no tokenizer file ${file}.`, {
    hint:
      'The model folder needs tokenizer.json. In Python, AutoTokenizer.from_pretrained(folder).save_pretrained(folder) ' +
      'writes it for models that only have tokenizer.model or vocab.json.',
    place: { file },
  });
}

export function tokenizerInvalid(file: string, reason: string, cause?: unknown): Failure {
  return new Failure('tokenizer-invalid', `The tokenizer cannot be used: ${reason}.`, {
    hint: 'Copy tokenizer.json again from where the model came from; an interrupted download is the usual cause.',
    place: { file },
    cause,
  });
}

export function datasetMissing(file: string): Failure {
  return new Failure('dataset-missing', `There is no dataset file ${file}.`, {
    hint: 'Check the path in the recipe; a relative one starts at the folder of the recipe.',
    place: { file },
  });
}

export function datasetUnreadable(file: string, reason: string, cause?: unknown): Failure {
  return new Failure('dataset-unreadable', `The dataset cannot be read: ${reason}.`, {
    hint: 'The path must name one file: .jsonl, .json, .csv, .tsv, .parquet, .txt or .md.',
    place: { file },
    cause,
  });
}

export function datasetEncoding(file: string, encoding: string): Failure {
  return new Failure('dataset-encoding', `The dataset is saved as ${encoding}, not as UTF-8.`, {
    hint: 'Save the file again as UTF-8; in VS Code: "Save with Encoding" in the status bar.',
    place: { file },
  });
}

export function datasetNotRows(file: string, found: string, line: number): Failure {
  return new Failure('dataset-not-rows', `The file does not hold rows: ${found}.`, {
    hint: 'A .json file holds an array of objects, [{…}, {…}]; a .jsonl file holds one object on each line.',
    place: { file, line },
  });
}

export function datasetEmpty(file: string): Failure {
  return new Failure('dataset-empty', 'The dataset has no rows.', {
    hint: 'Add at least one row, such as {"prompt": "Hello", "completion": "Hi there"} on a line of a .jsonl file.',
    place: { file },
  });
}

export function datasetPartEmpty(file: string, rows: number, evalSplit: number): Failure {
  return new Failure(
    'dataset-eval-split',
    `With eval_split ${evalSplit} nothing is left to train on: the dataset has ${count(rows, 'row')}.`,
    {
      hint: 'Set dataset.eval_split to 0, or name a file of its own in dataset.eval_path.',
      place: { file, path: 'dataset.eval_split' },
    },
  );
}

/** @param row 0-based; told where the place has no line to tell. */
export function rowInvalid(place: Place, problem: RowProblem, row = -1): Failure {
  const which = place.line === undefined && row >= 0 ? `Row ${row + 1}` : 'This row';
  return new Failure('dataset-row-invalid', `${which} cannot be used: ${problem.message}.`, {
    hint: problem.hint,
    place,
    cause: problem,
  });
}

export function roleUnknown(file: string, role: string, roles: readonly string[], format?: string): Failure {
  const where = format === undefined ? 'No dataset format has' : `The format "${format}" does not have`;
  return new Failure('dataset-role-unknown', `${where} a role "${role}" that dataset.columns could map.`, {
    hint: `Roles stand on the left, columns of the file on the right. The roles are: ${roles.join(', ')}.`,
    place: { file, path: `dataset.columns.${role}` },
  });
}

export function columnMissing(file: string, role: string, column: string, found: readonly string[]): Failure {
  return new Failure(
    'dataset-column-missing',
    `dataset.columns maps "${role}" to "${column}", but the rows have no such column.`,
    { hint: `The rows have: ${list(found)}.`, place: { file, path: `dataset.columns.${role}` } },
  );
}

export function formatUnknown(file: string, format: string, found: readonly string[], needed: string): Failure {
  const message =
    format === 'auto'
      ? `The rows have the columns ${list(found)}, which is none of the known shapes.`
      : `Rows of the format "${format}" need ${needed}; these have ${list(found)}.`;
  return new Failure('dataset-format-unknown', message, {
    hint:
      'Say which column is which with dataset.columns, such as ' +
      `{"prompt": "${found[0] ?? 'question'}", "completion": "${found[1] ?? 'answer'}"}. ` +
      (format === 'auto' ? `Known shapes: ${needed}.` : 'Or leave dataset.format at "auto".'),
    place: { file },
  });
}

/** @param isOwn the template stands in the recipe */
export function templateInvalid(isOwn: boolean, cause: unknown): Failure {
  // The library runs on beyond the end of a template that is cut off.
  const reason = cause instanceof TypeError ? 'a {% … %} or {{ … }} in it is never closed' : (cause as Error).message;
  return new Failure('dataset-template-invalid', `The template is not valid Jinja: ${reason}.`, {
    hint: isOwn
      ? 'Correct dataset.template in the recipe.'
      : 'It is chat_template in the model’s tokenizer_config.json; dataset.template can replace it.',
    ...(isOwn ? { place: { path: 'dataset.template' } } : {}),
    cause,
  });
}

/** A template that would take too long, or too much memory. Whoever knows the row's number adds it. */
export class TemplateExhausted extends Failure {
  /**
   * @param isOwn the template stands in the recipe
   * @param row 0-based
   */
  constructor(
    private readonly isOwn: boolean,
    row?: number,
  ) {
    const which = row === undefined ? 'a row' : `row ${row + 1}`;
    super('dataset-template-endless', `The template takes too long, or too much memory, to write ${which}.`, {
      hint: isOwn
        ? 'Look in dataset.template for a loop that goes over far too much, or for a list that grows and grows.'
        : 'It is chat_template in the model’s tokenizer_config.json; dataset.template can replace it.',
      ...(isOwn ? { place: { path: 'dataset.template' } } : {}),
    });
  }

  in(row: number): TemplateExhausted {
    return new TemplateExhausted(this.isOwn, row);
  }
}

export function chatTemplateMissing(file: string): Failure {
  return new Failure(
    'dataset-chat-template-missing',
    'The rows are conversations, but the model has no chat template that says how to write them as text.',
    {
      hint:
        'Use the chat version of the model (often named "-Instruct"), or write the template in dataset.template, ' +
        "such as {% for m in messages %}{{ m.role + ': ' + m.content + '\\n' }}{% endfor %}.",
      place: { file },
    },
  );
}

export function allMasked(file: string, rows: number, truncated: number, maxLength: number): Failure {
  const because =
    truncated > 0
      ? `${count(truncated, 'row')} reached max_length (${maxLength} tokens) before anything to learn began`
      : 'no row has a completion or an assistant turn with text in it';
  return new Failure(
    'dataset-all-masked',
    `There is nothing to learn in any of the ${count(rows, 'row')}: ${because}.`,
    {
      hint:
        truncated > 0
          ? 'Raise dataset.max_length, or shorten the prompts; `lora tokens` shows what the model sees.'
          : 'Check dataset.columns with `lora tokens`, or set dataset.completion_only_loss to false to learn every token.',
      place: { file },
    },
  );
}

/** What is wrong with one row; whoever knows the row's place makes it a failure. */
export class RowProblem extends Error {
  override readonly name = 'RowProblem';

  constructor(
    message: string,
    readonly hint: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, 12).map((name) => `"${name}"`);
  return names.length > 12 ? `${shown.join(', ')} and ${names.length - 12} more` : shown.join(', ');
}
