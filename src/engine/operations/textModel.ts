import { compileChatTemplate } from '../data/chatTemplate';
import type { ChatMessage, ChatTemplate } from '../data/chatTemplate';
import type { Tokenizer } from '../data/tokenizer';
import { endIds, openBaseModel, openModelTokenizer } from '../facts/baseModel';
import type { BaseModel } from '../facts/baseModel';
import { Continuation } from '../generate/continuation';
import type { ContinuationOptions } from '../generate/continuation';
import { TextBatch } from '../generate/textBatch';
import type { BatchReader } from '../generate/textBatch';
import type { Executable, WeightSource } from '../runtime/runtime';
import { canBeStacked, stackable, stackBytes } from '../lora/stack';
import type { StackedAdapter } from '../lora/stack';
import { layerMatrices, openWeights } from './openWeights';
import type { OpenWeights } from './openWeights';
import { attach, valuesOf } from './attached';
import { chooseRuntime } from './chooseRuntime';
import {
  adaptersNotCombinable,
  adapterUnknown,
  chatRefused,
  noChatTemplate,
  promptEmpty,
  promptTooLong,
} from './failures';
import { fixedReader, heldStackReader, stackedReader } from './textReaders';
import type { ReadingOptions, StackChoice } from './textReaders';

export interface TextModelOptions {
  /** Path of a model folder or file, or a hub id in the local cache. */
  readonly baseModel: string;
  /** Texts that are continued at the same time; others wait. Default 8. */
  readonly rows?: number;
  /** Tokens of a text at most; default 8192, and never more than the model knows. */
  readonly maxLength?: number;
  /** Keep a place for adapters at every linear layer, so that any may come and go without compiling anything anew. */
  readonly expectsAdapters?: boolean;
  /**
   * Texts have the same adapters for long: they become part of a graph of their own, which reads a token faster. Rows
   * with other adapters are then read apart.
   */
  readonly holdsAdapters?: boolean;
  /** Of adapters larger than this together no graph is made: they are chosen by row. Default 256 MB. */
  readonly heldBytes?: number;
  /** 0 leaves it to the runtime. */
  readonly threads?: number;
}

/** An adapter by the name that it was attached with, and how strongly it counts: 1 is as trained. */
export interface ChosenAdapter {
  readonly name: string;
  readonly weight: number;
}

export interface TextRequest extends Omit<ContinuationOptions<unknown>, 'choice' | 'endIds'> {
  /** Adapters whose changes are added up; none is the base model. */
  readonly adapters: readonly ChosenAdapter[];
  /** Go on where the model would end. */
  readonly ignoreEnd?: boolean;
}

interface AttachedAdapter {
  readonly folder: string;
  /** `undefined` where it replaces weights of the model, which cannot be chosen by row. */
  readonly stacked: StackedAdapter | undefined;
}

/** A compiled reader with the texts that it reads. */
interface Lane<Choice> {
  readonly reader: BatchReader<Choice>;
  readonly batch: TextBatch<Choice>;
}

interface MainLane extends Lane<StackChoice> {
  readonly paths: ReadonlySet<string>;
}

interface Retirable {
  readonly reader: { readonly executable: Executable };
  readonly batch: Load & { settled(): Promise<void> };
}

/** Texts that are continued, texts that wait for that or for their graph, and what was read and is kept of them. */
export interface Load {
  readonly active: number;
  readonly waiting: number;
  readonly cacheBytes: number;
  /** Tokens that were read so far; those that a cache held from an earlier text are not. */
  readonly readTokens: number;
}

const defaults = { rows: 8, maxLength: 8192, heldBytes: 256_000_000 };

/**
 * A base model that continues texts, with adapters that are attached and detached while it does. Texts with different
 * adapters are continued in one batch. An adapter that replaces weights (`modules_to_save`, `bias`) has a batch of its own.
 */
export class TextModel {
  readonly #adapters = new Map<string, AttachedAdapter>();
  #main: Promise<MainLane> | undefined;
  /** Of adapters that replace weights, by name and weight. */
  readonly #own = new Map<string, { readonly owners: readonly string[]; readonly lane: Promise<Lane<unknown>> }>();
  /** Of all lanes, until they are given back. */
  readonly #batches = new Set<Load>();
  /** Texts whose lanes are being compiled. */
  #starting = 0;
  readonly #retired = new Set<Promise<void>>();
  #template: ChatTemplate | undefined;
  #weights: Promise<OpenWeights> | undefined;
  #longest = Infinity;

  private constructor(
    readonly base: BaseModel,
    readonly tokenizer: Tokenizer,
    private readonly options: TextModelOptions,
  ) {}

  /** @throws Failure where the model cannot be opened */
  static async open(options: TextModelOptions): Promise<TextModel> {
    const base = await openBaseModel(options.baseModel, process.cwd());
    return new TextModel(base, await openModelTokenizer(base), options);
  }

  /** Tokens of a text at most. */
  get maxLength(): number {
    return Math.min(this.base.model.contextLength, this.options.maxLength ?? defaults.maxLength, this.#longest);
  }

  /** No text will be longer than this: tables for positions beyond it are not made. Before the first text. */
  expectAtMost(tokens: number): void {
    this.#longest = tokens;
  }
  /** Names and folders of what is attached. */
  get adapters(): readonly { readonly name: string; readonly folder: string }[] {
    return [...this.#adapters].map(([name, { folder }]) => ({ name, folder }));
  }

  /**
   * Attaches the adapter in a folder, or another one in place of an earlier one of that name. Texts that are being
   * continued keep what they began with.
   * @throws Failure where it cannot be read or belongs to another model
   */
  async attach(name: string, folder: string): Promise<void> {
    const { adapter, tensors } = await attach(this.base, folder, 1);
    const stacked = canBeStacked(adapter) ? stackable(adapter, valuesOf(tensors)) : undefined;
    this.#adapters.set(name, { folder, stacked });
    this.#retireOwn(name);
  }

  /** Whether there was one of that name. */
  detach(name: string): boolean {
    this.#retireOwn(name);
    return this.#adapters.delete(name);
  }

  /** @throws Failure `prompt-empty` */
  encode(text: string): Int32Array {
    const ids = this.tokenizer.encode(text);
    if (ids.length === 0) throw promptEmpty();
    return ids;
  }

  /**
   * A conversation up to where the assistant speaks; without `isAsking` up to its last message's end.
   * @throws Failure `chat-template-missing`, `chat-template-refused`
   */
  encodeChat(messages: readonly ChatMessage[], isAsking = true): Int32Array {
    const { chatTemplate, path } = this.base.folder;
    if (chatTemplate === undefined) throw noChatTemplate(path);
    this.#template ??= compileChatTemplate(chatTemplate, this.tokenizer.specialTokens);
    try {
      const text = this.#template.render(messages, { addGenerationPrompt: isAsking });
      return this.tokenizer.encode(text, { addSpecialTokens: false });
    } catch (error) {
      throw chatRefused(error);
    }
  }

  /**
   * Continues a text; its pieces come as they are known.
   * @throws Failure `prompt-empty`, `prompt-too-long`, `adapter-unknown`, `adapters-not-combinable`
   */
  async generate(request: TextRequest): Promise<Continuation<unknown>> {
    const { ids, adapters, ignoreEnd = false } = request;
    if (ids.length === 0) throw promptEmpty();
    if (ids.length >= this.maxLength) throw promptTooLong(ids.length, this.maxLength);
    const choice = this.#choice(adapters);
    const ends: ReadonlySet<number> = ignoreEnd ? new Set() : endIds(this.base, this.tokenizer);
    const start = <C>({ batch }: Lane<C>, chosen: C): Continuation<C> => {
      const continuation = new Continuation(
        { ...request, choice: chosen, endIds: ends },
        this.tokenizer,
        this.maxLength,
      );
      batch.add(continuation);
      return continuation;
    };
    this.#starting++;
    try {
      const hasOwn = choice === undefined || this.#isHeld(choice);
      return hasOwn
        ? start(await this.#ownLane(adapters, choice), undefined)
        : start(await this.#mainLane(choice), choice);
    } finally {
      this.#starting--;
    }
  }

  /** The base model's weights for a runtime, until `close`. */
  async weights(): Promise<WeightSource> {
    this.#weights ??= openWeights(this.base, 'none', true);
    return (await this.#weights).source;
  }

  /** Compiles what the first text would wait for. */
  async warmUp(): Promise<void> {
    await this.#mainLane([]);
  }

  /** Figures for people who watch a server. */
  load(): Load {
    const sum = (figure: (load: Load) => number): number =>
      [...this.#batches].reduce((total, load) => total + figure(load), 0);
    return {
      active: sum(({ active }) => active),
      waiting: this.#starting + sum(({ waiting }) => waiting),
      cacheBytes: sum(({ cacheBytes }) => cacheBytes),
      readTokens: sum(({ readTokens }) => readTokens),
    };
  }

  /** Waits for the texts that are being continued and gives back what holds the model. */
  async close(): Promise<void> {
    const own = [...this.#own.values()].map(({ lane }) => lane);
    const lanes = [...(this.#main === undefined ? [] : [this.#main]), ...own];
    this.#main = undefined;
    this.#own.clear();
    for (const lane of lanes) {
      const opened = await lane.catch(() => undefined);
      if (opened !== undefined) this.#retire(opened);
    }
    await Promise.all(this.#retired);
    const weights = await this.#weights?.catch(() => undefined);
    this.#weights = undefined;
    await weights?.close();
  }

  /** `undefined` where one adapter alone needs a batch of its own. */
  #choice(adapters: readonly ChosenAdapter[]): StackChoice | undefined {
    const found = adapters.map(({ name, weight }) => {
      const attached = this.#adapters.get(name);
      if (attached === undefined) throw adapterUnknown(name, [...this.#adapters.keys()]);
      return { weight, ...attached };
    });
    const replacing = found.find(({ stacked }) => stacked === undefined);
    if (replacing === undefined) {
      return found.map(({ weight, stacked }) => ({ weight, adapter: stacked! }));
    }
    if (found.length > 1) throw adaptersNotCombinable(replacing.folder);
    return undefined;
  }

  /** Whether adapters become part of a graph. Weights in memory are written into it: large ones are handed over instead. */
  #isHeld(choice: StackChoice): boolean {
    const { holdsAdapters = false, heldBytes = defaults.heldBytes } = this.options;
    return holdsAdapters && choice.length > 0 && stackBytes(choice.map(({ adapter }) => adapter)) <= heldBytes;
  }

  async #mainLane(choice: StackChoice): Promise<MainLane> {
    const needed = choice.flatMap(({ adapter }) => [...adapter.modules.keys()]);
    for (;;) {
      const promised = this.#main;
      const current = await promised;
      // While this one was waiting another one may have asked for a new one.
      if (this.#main !== promised) continue;
      if (current !== undefined && needed.every((path) => current.paths.has(path))) return current;
      const paths = new Set([...(current?.paths ?? this.#expectedPaths()), ...needed]);
      const lane = this.#reading()
        .then((reading) => stackedReader(reading, paths))
        .then((reader) => ({ paths, ...this.#lane(reader) }));
      this.#main = lane;
      try {
        await lane;
      } catch (error) {
        this.#main = promised;
        throw error;
      }
      if (current !== undefined) this.#retire(current);
      return lane;
    }
  }

  #expectedPaths(): readonly string[] {
    const attached = [...this.#adapters.values()].flatMap(({ stacked }) => [...(stacked?.modules.keys() ?? [])]);
    if (this.options.expectsAdapters !== true) return attached;
    const ending = '.weight';
    return [...attached, ...layerMatrices(this.base.model).map((name) => name.slice(0, -ending.length))];
  }

  /** @param choice `undefined` where the one adapter replaces weights of the model */
  #ownLane(adapters: readonly ChosenAdapter[], choice: StackChoice | undefined): Promise<Lane<unknown>> {
    const key = adapters.map(({ name, weight }) => `${name}:${weight}`).join('\n');
    const known = this.#own.get(key);
    if (known !== undefined) return known.lane;
    // Before anything is waited for: meanwhile the adapter may be detached, or another one attached in its place.
    const folders = adapters.map(({ name }) => this.#adapters.get(name)!.folder);
    const compile = async (): Promise<Lane<unknown>> => {
      const reading = await this.#reading();
      if (choice !== undefined) return this.#lane(await heldStackReader(reading, choice));
      const { adapter, tensors } = await attach(this.base, folders[0]!, adapters[0]!.weight);
      return this.#lane(await fixedReader(reading, adapter, () => tensors));
    };
    const lane = compile();
    this.#own.set(key, { owners: adapters.map(({ name }) => name), lane });
    lane.catch(() => {
      if (this.#own.get(key)?.lane === lane) this.#own.delete(key);
    });
    return lane;
  }

  /** Gives back the batches that an adapter had of its own. */
  #retireOwn(name: string): void {
    for (const [key, { owners, lane }] of this.#own) {
      if (!owners.includes(name)) continue;
      this.#own.delete(key);
      // One that could not be compiled holds nothing.
      void lane.then(
        (compiled) => this.#retire(compiled),
        () => undefined,
      );
    }
  }

  async #reading(): Promise<ReadingOptions> {
    const runtime = chooseRuntime({ runtime: 'auto', device: 'cpu', threads: this.options.threads ?? 0 });
    return { runtime, base: this.base, weights: await this.weights(), maxLength: this.maxLength };
  }

  #lane<C>(reader: BatchReader<C>): Lane<C> {
    const limits = { rows: this.options.rows ?? defaults.rows, maxLength: this.maxLength };
    const batch = new TextBatch(this.base.model, reader, limits);
    this.#batches.add(batch);
    return { reader, batch };
  }

  /** Gives a lane back when its last text has ended. */
  #retire({ batch, reader }: Retirable): void {
    // Whoever was given this lane a moment ago adds its text before anything else happens.
    const done = new Promise(setImmediate)
      .then(() => batch.settled())
      .then(() => reader.executable.dispose())
      .finally(() => {
        this.#batches.delete(batch);
        this.#retired.delete(done);
      });
    this.#retired.add(done);
  }
}
