import { columnMissing, formatUnknown, roleUnknown } from './failures';

export type RowFormat = 'text' | 'messages' | 'prompt-completion' | 'alpaca' | 'sharegpt';

interface Shape {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** The role that is learnt; a row template writes the text before it. */
  readonly learnt?: string;
}

/** In the order in which they are tried: a file with `prompt`, `completion` and `text` is read by the first two. */
const shapes: Readonly<Record<RowFormat, Shape>> = {
  'prompt-completion': { required: ['prompt', 'completion'], optional: [], learnt: 'completion' },
  messages: { required: ['messages'], optional: [] },
  sharegpt: { required: ['conversations'], optional: [] },
  alpaca: { required: ['instruction', 'output'], optional: ['input'], learnt: 'output' },
  text: { required: ['text'], optional: [] },
};

const formats = Object.keys(shapes) as RowFormat[];

/** Columns that conversational rows may have besides, as in TRL: what the chat template is given. */
const chatExtras = ['tools', 'chat_template_kwargs'];

export interface FormatOptions {
  readonly format: 'auto' | RowFormat;
  /** Role → column of the file. */
  readonly columns: Readonly<Record<string, string>>;
  readonly template?: string | undefined;
}

/** How the rows of one file are read. */
export interface DetectedFormat {
  readonly format: RowFormat;
  /** Role → column of the file, for every role that the rows have. */
  readonly columnOf: Readonly<Record<string, string>>;
  /** Roles that every row must have. */
  readonly required: readonly string[];
  /** The template of the recipe when it writes rows, not chats. */
  readonly rowTemplate: string | undefined;
  /** The only columns that are looked at. */
  readonly columns: readonly string[];
}

/**
 * Finds the shape of a file's rows.
 * @param found the columns of the file
 * @throws Failure `dataset-role-unknown`, `dataset-column-missing`, `dataset-format-unknown`
 */
export function detectFormat(file: string, found: readonly string[], options: FormatOptions): DetectedFormat {
  checkRoles(file, found, options);
  const columnOf = (role: string) => options.columns[role] ?? (found.includes(role) ? role : undefined);
  const has = (roles: readonly string[]) => roles.every((role) => columnOf(role) !== undefined);
  const candidates =
    options.format === 'auto' ? formats.filter((format) => takes(format, options.columns)) : [options.format];
  const format =
    candidates.find((candidate) => has(shapes[candidate].required)) ??
    candidates.find((candidate) => has(requiredRoles(candidate, options.template)));
  if (format === undefined) throw formatUnknown(file, options.format, found, describeNeeds(options.format));

  const { required, optional } = shapes[format];
  const mapped = Object.fromEntries(
    [...required, ...optional].flatMap((role) => {
      const column = columnOf(role);
      return column === undefined ? [] : [[role, column]];
    }),
  );
  const rowTemplate = isChat(format) ? undefined : options.template;
  return {
    format,
    columnOf: mapped,
    required: requiredRoles(format, options.template),
    rowTemplate,
    columns: rowTemplate === undefined ? [...new Set([...Object.values(mapped), ...chatExtras])] : found,
  };
}

function checkRoles(file: string, found: readonly string[], { format, columns }: FormatOptions): void {
  const considered = format === 'auto' ? formats : [format];
  const roles = [...new Set(considered.flatMap((name) => rolesOf(name)))];
  for (const [role, column] of Object.entries(columns)) {
    if (!roles.includes(role)) throw roleUnknown(file, role, roles, format === 'auto' ? undefined : format);
    if (!found.includes(column)) throw columnMissing(file, role, column, found);
  }
}

function takes(format: RowFormat, columns: Readonly<Record<string, string>>): boolean {
  return Object.keys(columns).every((role) => rolesOf(format).includes(role));
}

function rolesOf(format: RowFormat): string[] {
  return [...shapes[format].required, ...shapes[format].optional];
}

/** A row template writes everything but what is learnt, so it needs no other role. */
function requiredRoles(format: RowFormat, template: string | undefined): readonly string[] {
  const { required, learnt } = shapes[format];
  if (template === undefined || isChat(format)) return required;
  return learnt === undefined ? [] : [learnt];
}

export function isChat(format: RowFormat): boolean {
  return format === 'messages' || format === 'sharegpt';
}

/** The role that is learnt in a format with a text before it. */
export function learntRole(format: RowFormat): string | undefined {
  return shapes[format].learnt;
}

function describeNeeds(format: 'auto' | RowFormat): string {
  if (format !== 'auto') return shapes[format].required.map((role) => `"${role}"`).join(' and ');
  return formats.map((name) => `{${shapes[name].required.join(', ')}}`).join(', ');
}
