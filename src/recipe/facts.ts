import type { DatasetSection } from './recipe.generated';

/**
 * What checks need to know about the world outside of a recipe's text: plain values, so that they can be gathered in
 * another thread. A part is undefined while nobody has looked yet; checks that need it then wait.
 */
export interface Facts {
  readonly model?: ModelFacts | Unread | undefined;
  /** Of the rows to train on. */
  readonly data?: DataFacts | Unread | undefined;
  /** Of the file in `dataset.eval_path`. */
  readonly evalData?: DataFacts | Unread | undefined;
  /** Of rows to train on as the model will see them. */
  readonly tokens?: TokenFacts | Unread | undefined;
  /** Of the rows that are set aside for evaluation. */
  readonly evalTokens?: TokenFacts | Unread | undefined;
  readonly patterns?: PatternFacts | Unread | undefined;
  /** Of the adapter in `lora.init_from`. */
  readonly start?: StartFacts | Unread | undefined;
  readonly machine?: MachineFacts | Unread | undefined;
  readonly places?: PlaceFacts | Unread | undefined;
  readonly cost?: CostFacts | Unread | undefined;
}

/** Could not be found out: a problem at the key, or in the file, that it names. */
export interface Unread {
  readonly failure: FailureFacts;
}

/** What an expected failure says, without its stack. */
export interface FailureFacts {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** Dotted path in the recipe. */
  readonly path?: string;
  /** Absolute path of another file than the recipe. */
  readonly file?: string;
  /** 1-based line in `file`. */
  readonly line?: number;
}

/** The parts as they are once they are known. */
export interface KnownFacts {
  readonly model: ModelFacts;
  readonly data: DataFacts;
  readonly evalData: DataFacts;
  readonly tokens: TokenFacts;
  readonly evalTokens: TokenFacts;
  readonly patterns: PatternFacts;
  readonly start: StartFacts;
  readonly machine: MachineFacts;
  readonly places: PlaceFacts;
  readonly cost: CostFacts;
}

export type FactName = keyof KnownFacts;

export interface ModelFacts {
  /** Absolute path. */
  readonly folder: string;
  /** `model_type` of config.json, such as `llama`. */
  readonly family: string;
  /** Such as `LlamaForCausalLM`; null where config.json does not say. */
  readonly architecture: string | null;
  /** Modules with weights, in the order of PyTorch's `named_modules()`. */
  readonly modules: readonly ModuleFacts[];
  /** Number of repeated blocks. */
  readonly blocks: number;
  /** Path of the list of blocks, such as `model.layers`. */
  readonly blockList: string;
  /** Path of the output embedding, such as `lm_head`. */
  readonly head: string;
  readonly contextLength: number;
  /** There is no position beyond the context length. */
  readonly positionsAreLearnt: boolean;
  /** Rows of the embedding. */
  readonly vocabSize: number;
  /** Pairs of module paths that share one weight, such as `['lm_head', 'model.embed_tokens']`. */
  readonly tied: readonly (readonly [alias: string, owner: string])[];
  /** Number of all weights; tied ones count once. */
  readonly parameters: number;
  /** PEFT's `target_modules` for this family. */
  readonly defaultTargets: readonly string[];
  /** How the weights are stored, such as `BF16`, the most frequent first. */
  readonly dtypes: readonly string[];
  readonly hasChatTemplate: boolean;
}

export interface ModuleFacts {
  readonly path: string;
  readonly kind: 'linear' | 'conv1d' | 'embedding' | 'norm';
  /** Of an embedding: the number of rows. */
  readonly in: number;
  readonly out: number;
  /** Can carry an adapter. */
  readonly isAdaptable: boolean;
  /** Number of the block that it lies in; null outside of the blocks. */
  readonly layer: number | null;
}

/** A row of a dataset, for people to find. */
export interface RowPlace {
  /** Absolute path. */
  readonly file: string;
  /** 0-based; -1 in a file so large that its rows are not counted. */
  readonly row: number;
  /** 1-based; missing in files without lines. */
  readonly line?: number;
}

export interface DataFacts {
  /** Absolute path. */
  readonly file: string;
  readonly bytes: number;
  readonly columns: readonly string[];
  /** Exact for small files, else estimated. */
  readonly rows: number;
  readonly rowsAreExact: boolean;
  /** How its rows are read as the recipe says; a failure where they cannot be. */
  readonly shape: ShapeFacts | Unread;
  /** How many of the first rows were looked at. */
  readonly scannedRows: number;
  /** The first of those that cannot be used. */
  readonly badRows: readonly FailureFacts[];
  /** How many cannot be used. */
  readonly badRowCount: number;
  /** The first rows whose answer, or whose text, is empty. */
  readonly emptyRows: readonly RowPlace[];
  readonly emptyRowCount: number;
}

export interface ShapeFacts {
  readonly format: NonNullable<DatasetSection['format']>;
  /** Role → column of the file. */
  readonly columnOf: Readonly<Record<string, string>>;
}

/** Of a sample of rows. */
export interface TokenFacts {
  /** Rows that were looked at. */
  readonly rows: number;
  /** No other rows are there. */
  readonly isWhole: boolean;
  readonly maxLength: number;
  /** Tokens of each row before the cut at `maxLength`. */
  readonly lengths: readonly number[];
  /** Tokens of each row that the loss counts, after the cut. */
  readonly supervised: readonly number[];
  /** Tokens that each row that has nothing supervised needs so that something is; 0 for others, Infinity: never. */
  readonly neededLengths: readonly (number | null)[];
  /** Rows that were not cut and have something supervised… */
  readonly completeRows: number;
  /** …and of those the ones whose last supervised token ends a text. */
  readonly endedRows: number;
  /** The tokenizer's own end token; null: it has none. */
  readonly endToken: string | null;
  /** How many ids the end token's text becomes; more than 1 means that the model can never write it. */
  readonly endTokenIds: number;
  /** Rows that begin with the first token twice. */
  readonly doubleBos: readonly RowPlace[];
  /** Where the text of conversations is written by a chat template: whose it is. */
  readonly template: 'none' | 'model' | 'recipe';
  /** Control tokens in rendered conversations, such as `<|im_start|>`, that the tokenizer takes apart. */
  readonly splitTokens: readonly { readonly text: string; readonly ids: number }[];
  /** Control tokens in rendered conversations whose embedding rows were never trained. */
  readonly untrainedTokens: readonly { readonly text: string; readonly id: number }[];
  /** Rows with ids for which the model's embedding has no row. */
  readonly beyondVocabulary: readonly RowPlace[];
  /** Ids that the tokenizer can give. */
  readonly tokenizerSize: number;
}

/** The regular expressions of a recipe, tried on the model's modules where that can be stopped. */
export interface PatternFacts {
  readonly matches: readonly PatternMatch[];
}

export type PatternKey = 'target_modules' | 'exclude_modules' | 'rank_pattern' | 'alpha_pattern';

export interface PatternMatch {
  readonly key: PatternKey;
  readonly pattern: string;
  /** Paths of modules and of groups of modules; `too-slow`: it was given up. */
  readonly paths: readonly string[] | 'too-slow';
}

export interface StartFacts {
  /** Absolute path. */
  readonly folder: string;
  readonly r: number;
  readonly baseModel: string | null;
}

export interface MachineFacts {
  readonly memoryBytes: number;
  readonly cores: number;
  readonly devices: readonly DeviceFacts[];
  /** Devices that were tried in vain. */
  readonly unusable: readonly UnusableDevice[];
}

export interface UnusableDevice {
  readonly device: string;
  /** A sentence. */
  readonly reason: string;
  /** The one step that would help. */
  readonly enable: string | null;
}

export interface DeviceFacts {
  /** As in `engine.device`. */
  readonly device: string;
  /** What it computes in, as in `engine.precision`. */
  readonly precisions: readonly string[];
  /** Why others are not among them: a sentence for each. */
  readonly without?: Readonly<Record<string, string>>;
  /** In what it can hold a base model's matrices, as in `engine.quantization`; left out where nobody knows. */
  readonly quantizations?: readonly string[];
  /** Bytes of its own memory; left out where it has none, or nobody knows. */
  readonly memoryBytes?: number;
}

export interface PlaceFacts {
  /** The folder that everything of this project lies in. */
  readonly workspace: string;
  /** What the recipe's relative paths lead to, by dotted key: `dataset.path`, `output` and so on. */
  readonly paths: Readonly<Record<string, PathFacts>>;
  /** Other recipes of the workspace and what they write. */
  readonly otherOutputs: readonly { readonly recipe: string; readonly output: string }[];
}

export interface PathFacts {
  readonly absolute: string;
  readonly isInsideWorkspace: boolean;
}

/** What a step takes; the estimate of `lora plan`. */
export interface CostFacts {
  /** Peak of the process while training. */
  readonly memoryBytes: number;
  readonly steps: number;
  /** What it is computed on, where that is not the processor, and what of the peak lies in its memory. */
  readonly onDevice?: { readonly device: string; readonly memoryBytes: number };
}

export function isUnread(part: object | undefined): part is Unread {
  return part !== undefined && 'failure' in part;
}
