import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { RecipeDraft } from '../../recipe/draft';
import { isUnread, type FactName, type Facts } from '../../recipe/facts';
import { draftOf } from '../service/draftOf';
import type { FolderEntry, Sources } from '../service/knowledge';
import type { RecipeDocument } from '../service/recipeDocument';
import { canBeAsked, inputKey } from './inputs';
import { GaveUp, NoAnswer, type Answers, type Finder, type QuestionName } from './questions';
import { reasonOf } from './givenUp';
import { openableUri } from './targets';

/** One answer, or its way here. */
interface Entry {
  readonly key: string;
  /** Model and data that it speaks of. */
  readonly about: string;
  readonly stop: AbortController;
  /** Resolves when the answer is there, or will not come; never rejects. */
  settled: Promise<void>;
  value: unknown;
  /** `given up`: it took too much time or memory, and is not asked again before the recipe or a file changes. */
  state: 'asked' | 'answered' | 'stale' | 'given up';
  /** When it was asked last: what lies outside of the watched folders changes unseen. */
  askedAt: number;
}

/** Answers older than this are asked for again when they are wanted. Whoever answers remembers unchanged files. */
const freshness = 15_000;

/** How long an answer may be waited for, in milliseconds; what takes longer is told when it has arrived. */
const patience: Readonly<Record<QuestionName, number>> = {
  model: 500,
  data: 500,
  evalData: 0,
  tokens: 0,
  evalTokens: 0,
  patterns: 30,
  start: 100,
  machine: 300,
  places: 30,
  // These change with nearly every keystroke, and may take seconds.
  cost: 0,
  plan: 0,
  adapter: 30,
  surveyed: 500,
};

/** What tokenizes and plans goes to a process of its own, so that the small questions never wait behind it. */
const slow: ReadonlySet<QuestionName> = new Set(['tokens', 'evalTokens', 'cost', 'plan']);
/** What changes with every keystroke: until it is known anew, what was known before is nearer to it than nothing. */
const lasting: ReadonlySet<QuestionName> = new Set(['adapter', 'cost', 'plan']);
const questionNames = Object.keys(patience) as QuestionName[];
const factNames: readonly FactName[] = [
  ...(['model', 'data', 'evalData', 'patterns', 'start', 'machine', 'places'] as const),
  ...(['tokens', 'evalTokens', 'cost'] as const),
];

export interface FactStoreOptions {
  readonly quick: Finder;
  readonly slow: Finder;
  /** Absolute paths of the folders that the editor has open. */
  workspace(): readonly string[];
  /** An answer has arrived, or one that was given before is out of date. */
  changed(uri: string): void;
  /** Milliseconds that a recipe must rest before what is slow is asked again. */
  readonly rest: number;
}

/** Everything that is known of the open recipes' surroundings. */
export class FactStore {
  readonly #options: FactStoreOptions;
  readonly #entries = new Map<string, Map<QuestionName, Entry>>();

  constructor(options: FactStoreOptions) {
    this.#options = options;
  }

  /** Answers with what is there; `isPatient` waits a little for what is not. */
  sources(isPatient: boolean): Sources {
    const ask = <Name extends QuestionName>(document: RecipeDocument, name: Name): Promise<Answers[Name] | undefined> =>
      this.#answer(document, draftOf(document), name, isPatient);
    return {
      facts: (document) => this.#facts(document, isPatient),
      adapter: (document) => ask(document, 'adapter'),
      plan: (document) => ask(document, 'plan'),
      baseModels: async (document) => (await ask(document, 'surveyed'))?.baseModels ?? [],
      datasets: async (document) => (await ask(document, 'surveyed'))?.datasets ?? [],
      adapters: async (document) => (await ask(document, 'surveyed'))?.adapters ?? [],
      folder: (document, folder) => listFolder(document, folder),
      target: (document, named) => openableUri(document, named),
    };
  }

  /** Whether something about a document is on its way that is answered soon. */
  isReading(uri: string): boolean {
    return [...(this.#entries.get(uri) ?? [])].some(
      ([name, { state, value }]) => patience[name] > 0 && state === 'asked' && value === undefined,
    );
  }

  /** Resolves once all that can be asked about a document is answered. */
  async settled(document: RecipeDocument): Promise<void> {
    const draft = draftOf(document);
    const { file } = document;
    if (file === undefined) return;
    const asked = questionNames.filter((name) => canBeAsked(name, draft));
    await Promise.all(asked.map((name) => this.#entry(document, file, draft, name).settled));
  }

  /** A document was closed: nothing more is asked about it. */
  close(uri: string): void {
    for (const { stop } of this.#entries.get(uri)?.values() ?? []) stop.abort();
    this.#entries.delete(uri);
  }

  /** Something on disk changed. What is known stays until it is known better. */
  forgetFiles(): void {
    for (const [uri, entries] of this.#entries) {
      for (const entry of entries.values()) if (entry.state !== 'asked') entry.state = 'stale';
      this.#options.changed(uri);
    }
  }

  async #facts(document: RecipeDocument, isPatient: boolean): Promise<Facts> {
    const draft = draftOf(document);
    const parts = factNames.map(async (name) => [name, await this.#answer(document, draft, name, isPatient)] as const);
    return Object.fromEntries((await Promise.all(parts)).filter(([, part]) => part !== undefined));
  }

  async #answer<Name extends QuestionName>(
    document: RecipeDocument,
    draft: RecipeDraft,
    name: Name,
    isPatient: boolean,
  ): Promise<Answers[Name] | undefined> {
    if (document.file === undefined || !canBeAsked(name, draft)) return undefined;
    const entry = this.#entry(document, document.file, draft, name);
    const isNew = entry.state === 'asked' && entry.value === undefined;
    if (isNew && isPatient && patience[name] > 0) await within(entry.settled, patience[name]);
    return entry.value as Answers[Name] | undefined;
  }

  #entry(document: RecipeDocument, file: string, draft: RecipeDraft, name: QuestionName): Entry {
    const entries = this.#entries.get(document.uri) ?? new Map<QuestionName, Entry>();
    this.#entries.set(document.uri, entries);
    const key = inputKey(name, draft);
    const known = entries.get(name);
    if (known?.key === key) {
      const isOld = known.state === 'answered' && performance.now() - known.askedAt > freshness;
      if (known.state === 'stale' || isOld) this.#ask(document, file, name, known);
      return known;
    }
    known?.stop.abort();
    const entry: Entry = {
      key,
      about: aboutWhat(draft),
      stop: new AbortController(),
      settled: Promise.resolve(),
      value:
        lasting.has(name) && known?.about === aboutWhat(draft) && !isUnread(known.value as object | undefined)
          ? known.value
          : undefined,
      state: 'asked',
      askedAt: 0,
    };
    entries.set(name, entry);
    const tokens = entries.get('tokens');
    const isHopeless = slow.has(name) && name !== 'tokens' && isGivenUp(tokens, draft);
    if (isHopeless) Object.assign(entry, { state: 'given up', value: tokens?.value });
    else this.#ask(document, file, name, entry);
    return entry;
  }

  #ask(document: RecipeDocument, file: string, name: QuestionName, entry: Entry): void {
    const { uri, text } = document;
    const { signal } = entry.stop;
    const recipe = { file, text, workspace: this.#options.workspace() };
    entry.state = 'asked';
    entry.askedAt = performance.now();
    const find = async (): Promise<void> => {
      const before = JSON.stringify(entry.value);
      try {
        if (slow.has(name)) await rest(this.#options.rest, signal);
        const finder = slow.has(name) ? this.#options.slow : this.#options.quick;
        entry.value = await finder.ask(name, recipe, signal);
        entry.state = 'answered';
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        const isGivenUp = error instanceof GaveUp;
        entry.state = isGivenUp ? 'given up' : 'answered';
        entry.value = isGivenUp ? reasonOf(name, draftOf(document), error.reason) : undefined;
      }
      if (!signal.aborted && JSON.stringify(entry.value) !== before) this.#options.changed(uri);
    };
    entry.settled = find();
  }
}

/** What is known of another model or of other data is never kept. */
function aboutWhat({ base_model: model, dataset }: RecipeDraft): string {
  return JSON.stringify([model, dataset?.path, dataset?.eval_path]);
}

/** Rows that cannot be written as tokens in time can neither be counted nor planned with. */
function isGivenUp(tokens: Entry | undefined, draft: RecipeDraft): boolean {
  return tokens?.state === 'given up' && tokens.key === inputKey('tokens', draft);
}

function within(promise: Promise<void>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    void promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Resolves after some time; rejects when it is not wanted any more. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = (): void => {
      clearTimeout(timer);
      reject(new NoAnswer('Not asked any more'));
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}

async function listFolder({ file }: RecipeDocument, folder: string): Promise<readonly FolderEntry[]> {
  if (file === undefined) return [];
  const absolute = path.resolve(path.dirname(file), folder);
  const entries = await readdir(absolute, { withFileTypes: true }).catch(() => []);
  return entries
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || (a.name < b.name ? -1 : 1))
    .slice(0, 200);
}
