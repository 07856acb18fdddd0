import path from 'node:path';
import { openBaseModel, openModelTokenizer, type BaseModel } from '../../../engine/facts/baseModel';
import { dataFacts } from '../../../engine/facts/dataFacts';
import { unlessFailure } from '../../../engine/facts/failureFacts';
import { gatherTokens, type FactSources } from '../../../engine/facts/gatherFacts';
import { machineFacts } from '../../../engine/facts/machineFacts';
import { modelFacts } from '../../../engine/facts/modelFacts';
import { patternFacts } from '../../../engine/facts/patternFacts';
import { isInside, placeFacts } from '../../../engine/facts/placeFacts';
import { loraOptions } from '../../../engine/facts/recipeOptions';
import { startFacts } from '../../../engine/facts/startFacts';
import type { Tokenizer } from '../../../engine/data/tokenizer';
import { planAdapter, planFull } from '../../../engine/lora/adapter';
import { costFacts } from '../../../engine/operations/preflight';
import { planAdapted } from '../../../engine/plan/planRun';
import { isRecipe, type RecipeDraft } from '../../../recipe/draft';
import { isUnread, type DataFacts, type ModelFacts, type Unread } from '../../../recipe/facts';
import { parseRecipe } from '../../../recipe/parse';
import { resolveRecipe } from '../../../recipe/resolve';
import type { Plan } from '../../../run/plan';
import type { Known, KnownAdapter } from '../../service/knowledge';
import type { Answers, AskedRecipe, QuestionName } from '../questions';
import { Remembered } from './remembered';
import { survey } from './survey';

interface Asked {
  readonly recipe: AskedRecipe;
  readonly draft: RecipeDraft;
  /** The recipe's own, where its paths start. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Finds out what is asked about recipes, and remembers what it has read of files that did not change. */
export class FactFinder {
  readonly #models = new Remembered<BaseModel>(4);
  // A tokenizer takes tens of megabytes.
  readonly #tokenizers = new Remembered<Tokenizer>(1);
  readonly #data = new Remembered<DataFacts>(16);
  readonly #plans = new Remembered<Known<Plan>>(2);

  readonly #sources: FactSources = {
    openModel: (reference, from) => {
      const files = filesOfModel(path.resolve(from, reference));
      return this.#models.get(`${from}\n${reference}`, files, () => openBaseModel(reference, from));
    },
    openTokenizer: (base) => {
      const files = filesOfModel(base.folder.path);
      return this.#tokenizers.get(base.folder.path, files, () => openModelTokenizer(base));
    },
    data: (file, draft, signal) => {
      const { format, columns, template } = draft.dataset ?? {};
      // Another asker may give up while this one waits: what is remembered must not depend on one of them.
      signal?.throwIfAborted();
      return this.#data.get(JSON.stringify([file, format, columns, template]), [file], () => dataFacts(file, draft));
    },
  };

  /** Rejects only for a bug, or once `signal` is aborted. */
  async find<Name extends QuestionName>(name: Name, recipe: AskedRecipe, signal: AbortSignal): Promise<Answers[Name]> {
    const { draft } = parseRecipe(recipe.text);
    const finders: { readonly [Each in QuestionName]: (asked: Asked) => Promise<Answers[Each]> } = this.#finders;
    return finders[name]({ recipe, draft, folder: path.dirname(recipe.file), signal });
  }

  readonly #finders: { readonly [Each in QuestionName]: (asked: Asked) => Promise<Answers[Each]> } = {
    model: (asked) => this.#model(asked),
    data: (asked) => this.#dataAt(asked, asked.draft.dataset?.path),
    evalData: (asked) => this.#dataAt(asked, asked.draft.dataset?.eval_path),
    tokens: async (asked) => (await this.#tokens(asked)).tokens,
    evalTokens: async (asked) => (await this.#tokens(asked)).evalTokens,
    patterns: async (asked) => {
      const model = await this.#model(asked);
      const isPossible = model !== undefined && !isUnread(model) && asked.draft.method !== 'full';
      return isPossible ? patternFacts(asked.draft, model) : undefined;
    },
    start: ({ draft, folder }) => {
      const from = draft.lora?.init_from;
      if (typeof from !== 'string' || draft.method === 'full') return Promise.resolve(undefined);
      return unlessFailure(() => startFacts(path.resolve(folder, from)));
    },
    machine: () => machineFacts(),
    places: ({ draft, recipe }) => placeFacts(draft, recipe.file, workspaceAround(recipe)),
    cost: async (asked) => {
      const plan = await this.#plan(asked);
      return plan === undefined || isUnread(plan) ? undefined : costFacts(plan);
    },
    adapter: (asked) => this.#adapter(asked),
    plan: (asked) => this.#plan(asked),
    surveyed: ({ recipe }) => survey(recipe),
  };

  async #model({ draft, folder }: Asked): Promise<ModelFacts | Unread | undefined> {
    const { base_model: reference } = draft;
    if (reference === undefined) return undefined;
    return unlessFailure(async () => modelFacts(await this.#sources.openModel(reference, folder)));
  }

  async #dataAt({ draft, folder, signal }: Asked, file: string | null | undefined): Promise<Known<DataFacts>> {
    if (typeof file !== 'string') return undefined;
    return unlessFailure(() => this.#sources.data(path.resolve(folder, file), draft, signal));
  }

  #tokens({ recipe, signal }: Asked): ReturnType<typeof gatherTokens> {
    return gatherTokens({ text: recipe.text, file: recipe.file, signal }, this.#sources);
  }

  async #adapter(asked: Asked): Promise<Known<KnownAdapter>> {
    const { draft, folder, recipe } = asked;
    if (draft.base_model === undefined) return undefined;
    if (await this.#hasSlowPattern(asked)) return slowPattern;
    // Of a recipe that lacks its dataset the adapter is known all the same.
    const whole = { ...draft, base_model: draft.base_model, dataset: { path: '', ...draft.dataset } };
    const resolved = resolveRecipe(whole, { recipeFile: recipe.file });
    return unlessFailure(async () => {
      const { model } = await this.#sources.openModel(resolved.base_model, folder);
      const adapter = resolved.method === 'full' ? planFull(model) : planAdapter(model, loraOptions(resolved.lora));
      return { method: resolved.method, ...planAdapted(model, adapter) };
    });
  }

  /** The engine's own plan; it is loaded with the first one. Cost and plan of one recipe are one computation. */
  #plan(asked: Asked): Promise<Known<Plan>> {
    const { draft, folder, recipe } = asked;
    const { base_model: model = '', dataset, lora } = draft;
    const files = [
      ...filesOfModel(path.resolve(folder, model)),
      ...[dataset?.path, dataset?.eval_path].flatMap((file) =>
        typeof file === 'string' ? path.resolve(folder, file) : [],
      ),
      ...(typeof lora?.init_from === 'string' ? [path.resolve(folder, lora.init_from, 'adapter_config.json')] : []),
    ];
    return this.#plans.get(`${recipe.file}\n${JSON.stringify(draft)}`, files, () => this.#planAnew(asked));
  }

  async #planAnew(asked: Asked): Promise<Known<Plan>> {
    const { draft, recipe, signal } = asked;
    if (!isRecipe(draft)) return undefined;
    if (await this.#hasSlowPattern(asked)) return slowPattern;
    const { planFrom } = await import('../../../engine/operations/planRecipe');
    signal.throwIfAborted();
    const resolved = resolveRecipe(draft, { recipeFile: recipe.file });
    return unlessFailure(() =>
      planFrom({ file: recipe.file, text: recipe.text, recipe: resolved }, this.#sources, 'known'),
    );
  }

  /** What matches patterns without a limit must not be called with one that goes on for ever. */
  async #hasSlowPattern(asked: Asked): Promise<boolean> {
    const patterns = await this.#finders.patterns(asked);
    return patterns !== undefined && !isUnread(patterns) && patterns.matches.some(({ paths }) => paths === 'too-slow');
  }
}

const slowPattern: Unread = {
  failure: { code: 'pattern-too-slow', message: 'A pattern of this recipe takes too long to match.' },
};

/** What a model is read from, its folder included: a file that appears in it is a change. */
function filesOfModel(folder: string): readonly string[] {
  const weights = ['config.json', 'model.safetensors', 'model.safetensors.index.json'];
  const words = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja'];
  return [folder, ...[...weights, ...words].map((name) => path.join(folder, name))];
}

/** The folder of the workspace that the recipe lies in. */
function workspaceAround({ file, workspace }: AskedRecipe): string | undefined {
  return workspace.filter((folder) => isInside(file, folder)).sort((a, b) => b.length - a.length)[0];
}
