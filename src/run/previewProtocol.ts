import { wantedRows } from './preview';
import type { PreviewAbout, PreviewRow, PreviewSample, Wanted } from './preview';

/** The messages between the extension and a preview's page. The extension asks the engine; the page shows. */

/** Rows of one page. */
export const rowsPerPage = 10;

/** What is wrong, the next step, and where: the label of a link to the place. */
export interface ShownProblem {
  readonly message: string;
  readonly hint: string | null;
  readonly place: string | null;
}

export type ToPreview =
  /** Which recipe this preview belongs to: its absolute path, and how people know it. */
  | { readonly type: 'recipe'; readonly file: string; readonly shown: string }
  /** One page of rows; `focus` is the one that was asked for, if it was one. */
  | {
      readonly type: 'rows';
      readonly about: PreviewAbout;
      readonly from: number;
      readonly rows: readonly PreviewRow[];
      readonly focus: number | null;
    }
  /** What was found out about the rows' lengths so far. `problem` is about a row that would stop the training. */
  | { readonly type: 'sample'; readonly sample: PreviewSample; readonly problem: ShownProblem | null }
  /** Something takes longer: what, and how much of it is done (0 to 1; null where that is not known). */
  | { readonly type: 'busy'; readonly text: string; readonly share: number | null }
  /** It is over; `said` is what came of it where that is not to be seen. */
  | { readonly type: 'idle'; readonly said: string }
  /** The data cannot be shown. What the page shows is from before. */
  | { readonly type: 'problem'; readonly problem: ShownProblem }
  /** The window is in Restricted Mode. */
  | { readonly type: 'restricted' };

export type FromPreview =
  /** The page can show something; `row` is what it showed before it was reloaded. */
  | { readonly type: 'ready'; readonly row: number }
  /** Show the page of this row; `isWanted` marks the row itself. */
  | { readonly type: 'show'; readonly row: number; readonly isWanted: boolean }
  | { readonly type: 'search'; readonly wanted: Wanted; readonly from: number }
  /** Stop what takes longer. */
  | { readonly type: 'cancel' }
  /** Open the dataset at this row. */
  | { readonly type: 'openRow'; readonly row: number }
  /** Open the place of the problem that the page shows above, or of the one among the figures. */
  | { readonly type: 'openPlace'; readonly of: 'problem' | 'sample' }
  | { readonly type: 'retry' | 'manageTrust' };

/** What a preview remembers over a reload of the window; VS Code stores it. */
export interface PreviewMemory {
  /** Absolute path of the recipe. */
  readonly recipe: string;
  readonly row: number;
  readonly isTable: boolean;
}

/** The first row of the page that shows row `row`. */
export function pageStart(row: number): number {
  return row - (row % rowsPerPage);
}

/** A message from a page, checked: a page is outside of the extension's process. */
export function readFromPreview(value: unknown): FromPreview | undefined {
  const message = recordOf(value);
  const row = rowOf(message?.['row']);
  switch (message?.['type']) {
    case 'ready':
      return { type: 'ready', row: row ?? 0 };
    case 'show':
      return row === undefined ? undefined : { type: 'show', row, isWanted: message['isWanted'] === true };
    case 'search': {
      const wanted = wantedRows.find((each) => each === message['wanted']);
      const from = rowOf(message['from']);
      return wanted === undefined || from === undefined ? undefined : { type: 'search', wanted, from };
    }
    case 'openRow':
      return row === undefined ? undefined : { type: 'openRow', row };
    case 'openPlace':
      return { type: 'openPlace', of: message['of'] === 'sample' ? 'sample' : 'problem' };
    case 'cancel':
      return { type: 'cancel' };
    case 'retry':
    case 'manageTrust':
      return { type: message['type'] };
    default:
      return undefined;
  }
}

/** What VS Code stored of a preview, or undefined where that is not from a preview. */
export function readPreviewMemory(value: unknown): PreviewMemory | undefined {
  const memory = recordOf(value);
  const recipe = memory?.['recipe'];
  if (typeof recipe !== 'string') return undefined;
  return { recipe, row: rowOf(memory?.['row']) ?? 0, isTable: memory?.['isTable'] === true };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function rowOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
