import type {
  OpenPlaygroundParams,
  PlaygroundAdapter,
  PlaygroundAdaptersParams,
  PlaygroundEvaluation,
  PlaygroundModel,
  PlaygroundNews,
  PlaygroundOutcome,
  PlaygroundRequest,
} from '../../../run/playground';
import { adapterStamp } from '../adapterStamp';
import { describePlayground } from './describePlayground';
import { keptEvaluations } from '../evaluation/kept';
import type { KeptEvaluation } from '../evaluation/kept';
import { onePathOf, openBaseOf } from '../merge/baseOfAdapter';
import { TextModel } from '../textModel';
import { writeText } from './writeText';

/** A base model that stays open while prompts, adapters and settings are tried. One at a time. */
export class Playground {
  #opened: { readonly path: string; readonly model: Promise<TextModel> } | undefined;
  /** What each attached adapter was like: it is read again when its file or its weights are others. */
  readonly #attached = new Map<string, string>();

  /** @throws Failure where the model cannot be opened; `base-of-adapter-unknown` */
  async open({ baseModel, adapter }: OpenPlaygroundParams): Promise<PlaygroundModel> {
    const reference = baseModel ?? (adapter === null ? '' : (await openBaseOf(adapter)).folder.path);
    const model = await this.#model(reference);
    return describePlayground(model);
  }

  /** Looks at adapter folders; what is wrong with one is told when it is to write. */
  adapters({ baseModel, folders }: PlaygroundAdaptersParams): Promise<readonly PlaygroundAdapter[]> {
    return Promise.all(
      folders.map(async (folder) => ({
        folder,
        isOfBase: await isOfBase(folder, baseModel),
        evaluations: (await keptEvaluations(folder)).map(comparable),
      })),
    );
  }

  /**
   * Continues each prompt in each column, all of them in one batch.
   * @throws Failure where the model cannot be opened; what is wrong with one text is told of that text
   */
  async write(
    request: PlaygroundRequest,
    tell: (news: PlaygroundNews) => void,
    signal: AbortSignal,
  ): Promise<PlaygroundOutcome> {
    const model = await this.#model(request.baseModel);
    const refused = await this.#attach(model, request);
    const texts = request.prompts.flatMap((prompt) =>
      request.columns.map((column, at) => ({ prompt, column, earlier: request.earlier[at] ?? [] })),
    );
    await Promise.all(
      texts.map(async (each, text) => {
        const problem = each.column.map(({ folder }) => refused.get(folder)).find((one) => one !== undefined);
        await writeText({ model, request, ...each, problem }, (news) => tell({ text, ...news }), signal);
      }),
    );
    return { outcome: signal.aborted ? 'stopped' : 'finished' };
  }

  /** Waits for what is being written and gives the model back. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#attached.clear();
    const model = await opened?.model.catch(() => undefined);
    await model?.close();
  }

  async #model(reference: string): Promise<TextModel> {
    if (this.#opened?.path === reference) return this.#opened.model;
    await this.close();
    const model = TextModel.open({ baseModel: reference });
    const opened = { path: reference, model };
    this.#opened = opened;
    // The model says best what it is called; one that cannot be opened is tried again.
    model.then(
      ({ base }) => {
        if (this.#opened === opened) this.#opened = { path: base.folder.path, model };
      },
      () => {
        if (this.#opened === opened) this.#opened = undefined;
      },
    );
    return model;
  }

  /** Attaches what the columns need; gives what cannot be attached, and why. */
  async #attach(model: TextModel, { columns }: PlaygroundRequest): Promise<ReadonlyMap<string, unknown>> {
    const refused = new Map<string, unknown>();
    const chosen = columns.flat();
    for (const folder of new Set(chosen.map((each) => each.folder))) {
      const weights = chosen.filter((each) => each.folder === folder).map(({ weight }) => weight);
      try {
        const state = `${await adapterStamp(folder)} ${[...new Set(weights)].sort().join(' ')}`;
        if (this.#attached.get(folder) === state) continue;
        // An adapter that replaces weights has a graph for each weight: attached again, it gives the old ones back.
        await model.attach(folder, folder);
        this.#attached.set(folder, state);
      } catch (error) {
        this.#attached.delete(folder);
        refused.set(folder, error);
      }
    }
    return refused;
  }
}

async function isOfBase(folder: string, base: string): Promise<boolean> {
  try {
    return (await onePathOf((await openBaseOf(folder)).folder.path)) === (await onePathOf(base));
  } catch {
    return false;
  }
}

function comparable(kept: KeptEvaluation): PlaygroundEvaluation {
  return {
    dataset: kept.dataset,
    datasetHash: kept.dataset_sha256,
    loss: kept.eval_loss,
    perplexity: kept.perplexity,
    accuracy: kept.mean_token_accuracy,
    baseLoss: kept.base?.eval_loss ?? null,
    baseAccuracy: kept.base?.mean_token_accuracy ?? null,
    score: kept.score?.share ?? null,
    baseScore: kept.score?.base?.share ?? null,
  };
}
