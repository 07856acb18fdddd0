import type { ProblemFix, RelatedPlace, Severity, TextRange } from '../recipe/problem';

/** One row as the model will see it. */
export interface TokensRow {
  /** 0-based, in the file's order. */
  readonly row: number;
  readonly tokens: readonly SeenToken[];
}

export interface SeenToken {
  readonly id: number;
  readonly text: string;
  /** Whether the loss counts this token. */
  readonly supervised: boolean;
}

/** A problem with the file that it was found in: the recipe itself, or a dataset that it names. */
export interface FileProblem {
  /** Absolute path. */
  readonly file: string;
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  /** Dotted path in the recipe, such as `lora.target_modules[1]`; empty outside of it. */
  readonly path: string;
  readonly range: TextRange;
  /** Changes of the recipe's text that make it go away, the best first. */
  readonly fixes?: readonly ProblemFix[];
  readonly related?: readonly RelatedPlace[];
}

/** What `lora check` found out about one recipe, its model and its data. */
export interface CheckedFile {
  readonly file: string;
  readonly problems: readonly FileProblem[];
}

/** An adapter folder and how strongly it counts: 1 is as trained. */
export interface WeightedAdapter {
  /** Absolute path. */
  readonly folder: string;
  readonly weight: number;
}

export interface EvaluationOptions {
  /** Absolute path of a model folder or file, or a hub id. */
  readonly baseModel: string;
  readonly adapters: readonly WeightedAdapter[];
  /** Absolute path. */
  readonly dataset: string;
  /** Tokens; undefined is the default of recipes. */
  readonly maxLength: number | undefined;
  /** Role → column of the file, where its columns have names of their own. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** Let the model answer the rows, too. */
  readonly score?:
    | {
        /** `exact`, `gsm8k` or `regex:PATTERN` */
        readonly method: string;
        /** Rows at most. */
        readonly limit: number;
        readonly maxNewTokens: number;
      }
    | undefined;
  /** Keep the result in the adapter's folder. */
  readonly keep?: boolean;
}

/** A range that holds the true value with a probability of 95 %. */
export type Interval95 = readonly [low: number, high: number];

/** A figure less the base model's. */
export interface MeasuredDifference {
  readonly mean: number;
  readonly interval: Interval95;
}

/** Over all supervised tokens of a dataset: loss in nats, `exp(loss)`, share of correct first guesses. */
export interface LossFigures {
  readonly eval_loss: number;
  readonly perplexity: number;
  readonly mean_token_accuracy: number;
  readonly tokens: number;
  /** `null` where there are too few rows to say. */
  readonly eval_loss_interval?: Interval95 | null;
  readonly mean_token_accuracy_interval?: Interval95 | null;
}

export interface Evaluation extends LossFigures {
  /** The same without the adapters, and how much the loss differs. */
  readonly base?: LossFigures & { readonly difference: MeasuredDifference };
  readonly score?: Score;
  /** Whether it is better than the base model, in one sentence. */
  readonly verdict?: string;
  /** The file beside the adapter in which all this is kept. */
  readonly kept?: string;
  /** Why it could not be kept. */
  readonly not_kept?: string;
  /** Only where it is kept: the adapter's model card says that it was trained on this very file. */
  readonly trained_on?: true;
}

/** An evaluation that was asked for; `cancelled` where it was stopped, and nothing is kept then. */
export type EvaluationOutcome =
  { readonly outcome: 'finished'; readonly evaluation: Evaluation } | { readonly outcome: 'cancelled' };

/** How many of the answers that a model wrote are right. */
export interface Score {
  readonly method: string;
  readonly rows: number;
  readonly correct: number;
  readonly share: number;
  readonly interval: Interval95;
  readonly base?: {
    readonly correct: number;
    readonly share: number;
    readonly interval: Interval95;
    readonly difference: MeasuredDifference;
  };
  readonly answers: readonly ScoredAnswer[];
}

export interface ScoredAnswer {
  /** 0-based, in the file's order. */
  readonly row: number;
  readonly expected: string;
  readonly answer: string;
  readonly correct: boolean;
  readonly base_answer?: string;
  readonly base_correct?: boolean;
}

export interface GenerationOptions {
  readonly baseModel: string;
  readonly adapters: readonly WeightedAdapter[];
  readonly prompt: string;
  /** Hand the prompt to the model as a user's chat message. */
  readonly chat: boolean;
  /** Answer with the base model alone first, then with the adapters. */
  readonly compare: boolean;
  readonly maxNewTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 is all. */
  readonly topK?: number;
  readonly topP: number;
  readonly minP?: number;
  /** Above 1, words that were there become less likely. */
  readonly repetitionPenalty?: number;
  readonly seed: number;
  /** Strings that end the text. */
  readonly stop?: readonly string[];
  /** How many of the likeliest tokens are told at each place; `undefined`: no log-probabilities. */
  readonly topLogProbabilities?: number | undefined;
}

/** A token and the natural logarithm of its probability. */
export interface LikelyToken {
  readonly id: number;
  readonly text: string;
  readonly logprob: number;
}

export interface Completion {
  /** The adapter folders that were active, joined by " + "; null for the base model alone. */
  readonly adapter: string | null;
  /** Neither prompt nor special tokens. */
  readonly text: string;
  /** Tokens generated. */
  readonly tokens: number;
  readonly tokens_per_second: number;
  /** `stop`: the model or a stop string ended it; `length`: it was as long as it may be. */
  readonly finish_reason: 'stop' | 'length';
  /** Each token, and the likeliest ones at its place; where they were asked for. */
  readonly logprobs?: readonly (LikelyToken & { readonly top: readonly LikelyToken[] })[];
}

export interface Generation {
  readonly prompt: string;
  readonly completions: readonly Completion[];
}

/** A piece of text as it is generated; `adapter` as in `Completion`. */
export interface GeneratedText {
  readonly adapter: string | null;
  readonly text: string;
}

/** One run under `.lora/runs`. */
export interface RunSummary {
  readonly run: string;
  /** Absolute path of the run's folder. */
  readonly folder: string;
  readonly recipe: string;
  readonly name: string;
  readonly status: 'running' | 'finished' | 'cancelled' | 'failed' | 'interrupted';
  readonly step: number;
  readonly total_steps: number;
  readonly loss: number | null;
  /** ISO 8601. */
  readonly started: string;
  readonly resumable: boolean;
  /** Adapter folder; null before the run finished. */
  readonly adapter: string | null;
}

/** A device that could train, and why it can or cannot. */
export interface DeviceReport {
  readonly runtime: string;
  readonly device: string;
  readonly usable: boolean;
  readonly reason: string;
  /** The one step that makes it usable, where there is one. */
  readonly enable: string | null;
  /** Milliseconds of a small training step; null where it was not measured. */
  readonly step_ms: number | null;
  /** What it computes in, as in `engine.precision`; none where it cannot be used. */
  readonly precisions: readonly string[];
  /** In what it can hold a base model's matrices, as in `engine.quantization`. */
  readonly quantizations: readonly string[];
  /** Of a graphics card, where the system tells it: its name, and the bytes of its own memory. */
  readonly card: { readonly name: string; readonly memory_bytes: number | null } | null;
  /** Bytes of the largest single piece of memory that it gives; null where it refused none, or that was not tried. */
  readonly largest_buffer_bytes: number | null;
}

/** What `lora doctor` says about this machine. */
export interface MachineReport {
  readonly platform: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory_bytes: number;
  readonly free_memory_bytes: number;
  readonly devices: readonly DeviceReport[];
  /** What a recipe with `engine.device: "auto"` trains on, and why. */
  readonly chosen: { readonly device: string; readonly reason: string };
  /** What the user should know, one sentence each. */
  readonly notes: readonly string[];
}

/** What is said of an evaluation that is `trained_on`. */
export const trainedOnTheseRows = 'It was trained on these very rows: only others tell how good it is.';
