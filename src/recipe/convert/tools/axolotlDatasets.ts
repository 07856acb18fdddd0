import { takeDataset } from '../datasets';
import { isTable, isUnset, type Setting, textOf } from '../source';
import type { JsonValue } from '../../schema';
import type { Rule, Translation } from '../translation';

const oneFile = ['A recipe reads one file.', 'Put the rows of all datasets into one file.'] as const;
const wholeFile = ['A recipe reads one file, whole.', 'Make a file of the rows that you want.'] as const;
const ownWords = ['Chats are written as the chat template says.', 'Change `dataset.template`, or the rows.'] as const;

/** `type` of a dataset → format of rows. */
const formats: readonly (readonly [RegExp, string])[] = [
  [/^alpaca/, 'alpaca'],
  [/^(chat_template|chatml|llama3|messages)/, 'messages'],
  [/^sharegpt/, 'sharegpt'],
  [/^(completion|pretrain)/, 'text'],
];

/** What the recipe's columns are called here, by the key that names a column. */
const columnKeys: Readonly<Record<string, string>> = {
  field: 'text',
  text_column: 'text',
  field_messages: 'messages',
  field_instruction: 'instruction',
  field_input: 'input',
  field_output: 'output',
};

/** `datasets: [{ path, type, … }]`: the first becomes the recipe's dataset. */
export const trainingDatasets: Rule = (setting, translation) => {
  const [first, ...others] = setting.members;
  if (first === undefined || !isTable(first.value)) {
    translation.drop(setting, 'It names no dataset.', 'Name the file in `dataset.path`.');
    return;
  }
  new DatasetReader(first, translation).read('dataset.path');
  for (const other of others) translation.drop(other, ...oneFile);
};

/** `test_datasets`: only the place counts, the shape is that of the training rows. */
export const testDatasets: Rule = (setting, translation) => {
  const [first, ...others] = setting.members;
  if (first === undefined || !isTable(first.value)) {
    translation.drop(setting, 'It names no dataset.', 'Name the file in `dataset.eval_path`.');
    return;
  }
  const place = placeOf(first);
  if (place !== undefined) takeDataset(place, translation, 'dataset.eval_path');
  for (const member of first.members) if (member !== place) translation.imply(member);
  for (const other of others) translation.drop(other, ...oneFile);
};

/** `data_files` wins over `path`, which then only says of which kind they are. */
function placeOf(dataset: Setting): Setting | undefined {
  const inner = (name: string): Setting | undefined =>
    dataset.members.find((member) => member.name === name && !isUnset(member.value));
  const files = inner('data_files');
  if (files === undefined) return inner('path');
  return files.members[0] ?? files;
}

class DatasetReader {
  readonly #dataset: Setting;
  readonly #translation: Translation;
  readonly #columns: Record<string, string> = {};
  #format: string | undefined;

  constructor(dataset: Setting, translation: Translation) {
    this.#dataset = dataset;
    this.#translation = translation;
  }

  read(to: string): void {
    const place = placeOf(this.#dataset);
    if (place !== undefined) takeDataset(place, this.#translation, to);
    this.#format = this.#isShareGpt() ? 'sharegpt' : undefined;
    for (const member of this.#dataset.members) {
      if (member === place) continue;
      if (isUnset(member.value) || (member.name === 'data_files' && member.members[0] === place)) this.#more(member);
      else if (member.name === 'path') this.#translation.imply(member);
      else this.#member(member);
    }
    this.#finish();
  }

  /** Of several files the first is taken. */
  #more(files: Setting): void {
    if (files.members.length < 2) this.#translation.imply(files);
    for (const other of files.members.slice(1)) this.#translation.drop(other, ...oneFile);
  }

  /** Messages whose role is called `from` and whose content `value`. */
  #isShareGpt(): boolean {
    const value = (name: string): JsonValue | undefined =>
      this.#dataset.members.find((member) => member.name === name)?.value;
    const mapping = value('message_property_mappings');
    const role = isTable(mapping) ? mapping['role'] : value('message_field_role');
    return role === 'from';
  }

  #member(member: Setting): void {
    const { name, value } = member;
    if (name === 'type') this.#type(member);
    else if (Object.hasOwn(columnKeys, name)) this.#column(member, columnKeys[name]!);
    else if (name === 'message_property_mappings' || /^message_field_(role|content)$/.test(name)) this.#mapping(member);
    else if (name === 'split' && value === 'train') this.#translation.imply(member);
    else if (name === 'ds_type' || name === 'trust_remote_code' || name === 'preprocess_shards')
      this.#translation.imply(member);
    else if (name === 'chat_template' && value === 'tokenizer_default') this.#translation.imply(member);
    else if (name === 'chat_template_jinja') this.#translation.keep(member, 'dataset.template');
    else if (name === 'roles_to_train' && JSON.stringify(value) === '["assistant"]') this.#translation.imply(member);
    else if (name === 'train_on_eos' && value === 'turn') this.#translation.imply(member);
    else if (/^(split|shards|shards_idx|name|revision|skip)$/.test(name)) this.#translation.drop(member, ...wholeFile);
    else this.#translation.drop(member, ...ownWords);
  }

  #type(member: Setting): void {
    if (isTable(member.value)) {
      this.#ownPrompt(member);
      return;
    }
    const type = textOf(member.value);
    const format = formats.find(([pattern]) => pattern.test(type))?.[1];
    if (format === undefined) {
      const instead = 'Make rows of prompt and completion, or say how they read in `dataset.template`.';
      this.#translation.drop(member, `Rows of the type "${type}" are not known.`, instead);
      return;
    }
    this.#format ??= format;
    const isPlain = /^(alpaca|chat_template|sharegpt|completion|pretrain)$/.test(type);
    const note = isPlain
      ? undefined
      : `"${type}": the wording around the rows is another one here, see dataset.template`;
    this.#translation.keep(member, 'dataset.format', this.#format, note);
  }

  #column(member: Setting, role: string): void {
    this.#columns[role] = textOf(member.value);
    const { key, value, line } = member;
    this.#translation.kept.push({ key, value, line, to: `dataset.columns.${role}`, written: value });
  }

  #mapping(member: Setting): void {
    const known: readonly string[] = [
      '{"role":"from","content":"value"}',
      '{"role":"role","content":"content"}',
      '"from"',
      '"value"',
      '"role"',
      '"content"',
    ];
    if (known.includes(JSON.stringify(member.value))) this.#translation.imply(member);
    else
      this.#translation.drop(
        member,
        'Chats have `role` and `content`, or `from` and `value`.',
        'Rename them in the rows.',
      );
  }

  /** `type: { field_instruction, format, … }`: a wording of one's own, with `{instruction}` and `{input}`. */
  #ownPrompt(type: Setting): void {
    this.#format = 'alpaca';
    const text = (name: string): string | undefined => {
      const value = type.members.find((member) => member.name === name)?.value;
      return typeof value === 'string' ? value : undefined;
    };
    const columns = { instruction: text('field_instruction') ?? 'instruction', input: text('field_input') ?? 'input' };
    const worded = (format: string): string =>
      format
        .replaceAll('{instruction}', `{{ ${columns.instruction} }}`)
        .replaceAll('{input}', `{{ ${columns.input} }}`)
        .replaceAll('{system}', text('system_prompt') ?? '');
    for (const member of type.members) {
      const { name } = member;
      if (Object.hasOwn(columnKeys, name)) this.#column(member, columnKeys[name]!);
      else if (name === 'format')
        this.#translation.keep(
          member,
          'dataset.template',
          jinja(worded, member, text('no_input_format'), columns.input),
        );
      else if (name === 'no_input_format' || name === 'system_prompt') this.#translation.imply(member);
      else this.#translation.drop(member, ...ownWords);
    }
    this.#translation.assume('dataset.format', 'alpaca');
  }

  #finish(): void {
    const { messages, ...others } = this.#columns;
    // Axolotl's own default is `messages`, for chats of both spellings.
    const chat =
      this.#format === 'sharegpt' && messages !== undefined
        ? { conversations: messages }
        : messages === undefined
          ? {}
          : { messages };
    const columns = { ...others, ...chat };
    const isUsual = Object.entries(columns).every(([role, column]) => role === column);
    if (!isUsual) this.#translation.assume('dataset.columns', columns);
  }
}

function jinja(
  worded: (format: string) => string,
  format: Setting,
  noInput: string | undefined,
  input: string,
): string {
  const full = worded(textOf(format.value));
  return noInput === undefined ? full : `{% if ${input} %}${full}{% else %}${worded(noInput)}{% endif %}`;
}
