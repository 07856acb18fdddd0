import type {
  PlaygroundColumn,
  PlaygroundEnd,
  PlaygroundModel,
  PlaygroundPiece,
  PlaygroundSampling,
  PlaygroundTurn,
} from './playground';
import { readColumns, readSampling, recordOf, textOf, textsOf } from './playgroundReading';

/** The messages between the extension and a playground's page. The extension asks the engine; the page shows. */

/** What the user sets on the page; VS Code keeps it over a reload of the window. */
export interface PlaygroundSetup {
  readonly prompt: string;
  readonly isChat: boolean;
  /** Said before a chat's prompt. */
  readonly system: string;
  readonly columns: readonly PlaygroundColumn[];
  readonly sampling: PlaygroundSampling;
}

export const defaultSampling: PlaygroundSampling = {
  maxNewTokens: 128,
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  seed: 0,
  stop: [],
};

export const defaultSetup: PlaygroundSetup = {
  prompt: '',
  isChat: false,
  system: '',
  columns: [[]],
  sampling: defaultSampling,
};

/** Side by side no more than this many can be read, or are written in one batch. */
export const maxColumns = 8;

/** An adapter that can be chosen. */
export interface ShownAdapter {
  /** Absolute path. */
  readonly folder: string;
  readonly name: string;
  /** The path as people know it. */
  readonly shown: string;
}

/** What went wrong, the next step, and what the page can offer to do. */
export interface PlaygroundProblem {
  readonly message: string;
  readonly hint: string | null;
  readonly offers: 'choose-base' | 'retry';
}

export interface ShownEnd extends Omit<PlaygroundEnd, 'problem'> {
  readonly problem: string | null;
}

export interface ShownText {
  readonly pieces: readonly PlaygroundPiece[];
  /** Null while it is being written. */
  readonly end: ShownEnd | null;
}

export type ShownNews =
  { readonly text: number; readonly piece: PlaygroundPiece } | { readonly text: number; readonly end: ShownEnd };

/** A turn of a conversation, and the column that wrote its answer. */
export interface ShownTurn extends PlaygroundTurn {
  readonly by: PlaygroundColumn;
}

/** Whether a chat's prompt begins a conversation, goes on with the one that is shown, or takes the place of its last prompt. */
export type TalkStep = 'first' | 'next' | 'again';

/** `prompt`: one prompt in all columns; `set`: every prompt of the set. */
export type RunKind = 'prompt' | 'set';

export interface ShownRun {
  readonly kind: RunKind;
  /** Counts the runs of a playground. */
  readonly id: number;
  readonly prompts: readonly string[];
  readonly isChat: boolean;
  readonly columns: readonly PlaygroundColumn[];
  /** The turns of a conversation before the prompt, for each column. */
  readonly earlier: readonly (readonly ShownTurn[])[];
  /** All columns of the first prompt first. */
  readonly texts: readonly ShownText[];
  readonly isOver: boolean;
}

export interface ComparisonRow {
  readonly label: string;
  /** The base model's first; null where nothing is known. */
  readonly values: readonly (string | null)[];
  /** Whether the adapters differ in it. */
  readonly differs: boolean;
}

/** How adapters were trained and what was found out about them. */
export interface Comparison {
  readonly folders: readonly string[];
  readonly figures: readonly ComparisonRow[];
  readonly settings: readonly ComparisonRow[];
}

/** The prompt set; `file` is where it is saved, null where no folder is open, and `problem` why it cannot be read or saved. */
export interface ShownPrompts {
  readonly prompts: readonly string[];
  readonly file: string | null;
  readonly problem: string | null;
}

export type ToPlayground =
  | { readonly type: 'model'; readonly model: PlaygroundModel; readonly shown: string }
  | { readonly type: 'adapters'; readonly adapters: readonly ShownAdapter[] }
  /** Show these columns, in place of all or besides them; `isComparison` unfolds what is known of the adapters. */
  | {
      readonly type: 'columns';
      readonly columns: readonly PlaygroundColumn[];
      readonly replaces: boolean;
      readonly isComparison: boolean;
    }
  | ({ readonly type: 'prompts' } & ShownPrompts)
  /** A run as it stands: when it begins, when it is over, and when a hidden page is shown again. */
  | { readonly type: 'run'; readonly run: ShownRun }
  | { readonly type: 'news'; readonly run: number; readonly news: readonly ShownNews[] }
  | { readonly type: 'comparison'; readonly comparison: Comparison }
  /** The model is being opened, is ready, or was freed because nobody wrote for a while. */
  | { readonly type: 'state'; readonly state: 'opening' | 'ready' | 'freed' }
  | { readonly type: 'problem'; readonly problem: PlaygroundProblem }
  /** The window is in Restricted Mode. */
  | { readonly type: 'restricted' };

export type FromPlayground =
  | { readonly type: 'ready' }
  | { readonly type: 'write'; readonly setup: PlaygroundSetup; readonly step: TalkStep }
  | { readonly type: 'writeSet'; readonly setup: PlaygroundSetup; readonly prompts: readonly string[] }
  | { readonly type: 'savePrompts'; readonly prompts: readonly string[] }
  | { readonly type: 'compare'; readonly folders: readonly string[] }
  | { readonly type: 'stop' | 'startOver' | 'chooseBase' | 'chooseAdapter' | 'openPrompts' | 'retry' | 'manageTrust' };

/** What a playground remembers over a reload of the window; VS Code stores it. */
export interface PlaygroundMemory {
  /** Absolute path of the base model. */
  readonly baseModel: string;
  readonly setup: PlaygroundSetup;
}

/** A message from a page, checked: a page is outside of the extension's process. */
export function readFromPlayground(value: unknown): FromPlayground | undefined {
  const message = recordOf(value);
  const type = message?.['type'];
  switch (type) {
    case 'write': {
      const setup = readSetup(message!['setup']);
      return setup === undefined ? undefined : { type, setup, step: stepOf(message!['step']) };
    }
    case 'writeSet': {
      const setup = readSetup(message!['setup']);
      const prompts = textsOf(message!['prompts']);
      return setup === undefined || prompts === undefined ? undefined : { type, setup, prompts };
    }
    case 'savePrompts': {
      const prompts = textsOf(message!['prompts']);
      return prompts === undefined ? undefined : { type, prompts };
    }
    case 'compare': {
      const folders = textsOf(message!['folders']);
      return folders === undefined ? undefined : { type, folders };
    }
    case 'ready':
    case 'stop':
    case 'startOver':
    case 'chooseBase':
    case 'chooseAdapter':
    case 'openPrompts':
    case 'retry':
    case 'manageTrust':
      return { type };
    default:
      return undefined;
  }
}

/** What VS Code stored of a playground, or undefined where that is not from one. */
export function readPlaygroundMemory(value: unknown): PlaygroundMemory | undefined {
  const memory = recordOf(value);
  const baseModel = memory?.['baseModel'];
  if (typeof baseModel !== 'string') return undefined;
  return { baseModel, setup: readSetup(memory!['setup']) ?? defaultSetup };
}

function stepOf(value: unknown): TalkStep {
  return value === 'next' || value === 'again' ? value : 'first';
}

function readSetup(value: unknown): PlaygroundSetup | undefined {
  const setup = recordOf(value);
  const columns = readColumns(setup?.['columns'], maxColumns);
  if (setup === undefined || columns === undefined) return undefined;
  return {
    prompt: textOf(setup['prompt']),
    isChat: setup['isChat'] === true,
    system: textOf(setup['system']),
    columns,
    sampling: readSampling(setup['sampling'], defaultSampling),
  };
}
