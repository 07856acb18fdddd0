import type { AdapterBase, DescribedAdapter } from '../../run/adapterBases';
import type { ChatAnswer, ChatRequest, ChatTurn } from '../../run/chat';
import { Failure } from '../../failure/failure';
import type { EngineClient } from '../engine/engineClient';
import { IdleEngine } from '../engine/idleEngine';
import type { Clock } from '../views/coalesce';

/** Milliseconds that the process which looks at adapters waits for the next look. */
const lookTime = 30_000;

export interface ChatEngineOptions {
  startEngine(): Promise<EngineClient>;
  readonly clock: Pick<Clock, 'after'>;
  /** How long a model stays loaded after its last answer. */
  idleMinutes(): number;
}

/** The engine processes behind the chat: one that looks at adapters, and one for each base model that is asked. */
export class ChatEngines {
  readonly #looking: IdleEngine;
  /** By the path of the base model. */
  readonly #chatting = new Map<string, IdleEngine>();
  readonly #options: ChatEngineOptions;

  constructor(options: ChatEngineOptions) {
    this.#options = options;
    this.#looking = this.#idleEngine(() => lookTime);
  }

  describe(folders: readonly string[], signal: AbortSignal): Promise<readonly DescribedAdapter[]> {
    return this.#looking.use(({ texts }) => texts.describeAdapters(folders, signal));
  }

  answer(
    adapter: DescribedAdapter,
    request: Omit<ChatRequest, 'adapter' | 'baseModel'>,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<ChatAnswer> {
    const { base, folder } = present(adapter);
    const asked = { ...request, adapter: folder, baseModel: base.path };
    return this.#engineOf(base).use(({ texts }) => texts.chat(asked, onText, signal));
  }

  count(adapter: DescribedAdapter, counted: string | ChatTurn): Promise<number> {
    const { base } = present(adapter);
    return this.#engineOf(base).use(({ texts }) => texts.countTokens({ baseModel: base.path, counted }));
  }

  /** Base models whose process runs. */
  get running(): readonly string[] {
    return [...this.#chatting].flatMap(([base, engine]) => (engine.isRunning ? [base] : []));
  }

  dispose(): void {
    this.#looking.dispose();
    for (const engine of this.#chatting.values()) engine.dispose();
  }

  #engineOf({ path: base }: AdapterBase): IdleEngine {
    const known = this.#chatting.get(base);
    if (known !== undefined) return known;
    const engine = this.#idleEngine(() => this.#options.idleMinutes() * 60_000);
    this.#chatting.set(base, engine);
    return engine;
  }

  #idleEngine(idleTime: () => number): IdleEngine {
    return new IdleEngine({ start: () => this.#options.startEngine(), clock: this.#options.clock, idleTime });
  }
}

function present({ base, folder, problem }: DescribedAdapter): { readonly base: AdapterBase; readonly folder: string } {
  if (base !== null) return { base, folder };
  throw new Failure(problem?.code ?? 'base-of-adapter-unknown', problem?.message ?? 'The base model is not here.', {
    ...(problem?.hint == null ? {} : { hint: problem.hint }),
  });
}
