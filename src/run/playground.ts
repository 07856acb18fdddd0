import type { LikelyToken, WeightedAdapter } from './answers';
import type { WireError } from './engineProtocol';

/** What the playground asks of the engine, and what it is told. */

export interface OpenPlaygroundParams {
  /** Absolute path or hub id; null: the one that `adapter` names. */
  readonly baseModel: string | null;
  /** Absolute path of an adapter's folder. */
  readonly adapter: string | null;
}

/** The base model that texts are continued with. */
export interface PlaygroundModel {
  /** Absolute path of its folder or file. */
  readonly path: string;
  readonly name: string;
  /** `llama, 15.2 million parameters, reads 256 tokens` */
  readonly words: string;
  /** Whether it has a chat template. */
  readonly knowsChat: boolean;
}

export interface PlaygroundAdaptersParams {
  /** `PlaygroundModel.path` */
  readonly baseModel: string;
  /** Absolute paths. */
  readonly folders: readonly string[];
}

/** An adapter folder, seen from one base model. */
export interface PlaygroundAdapter {
  readonly folder: string;
  /** Whether its adapter_config.json names this base model, as far as that can be found. */
  readonly isOfBase: boolean;
  /** What `lora evaluate --keep` found out about the adapter as it is now. */
  readonly evaluations: readonly PlaygroundEvaluation[];
}

/** The figures of one evaluation that are compared. */
export interface PlaygroundEvaluation {
  readonly dataset: string;
  readonly datasetHash: string;
  readonly loss: number;
  readonly perplexity: number;
  /** Share of correct first guesses. */
  readonly accuracy: number;
  /** Of the base model on the same rows. */
  readonly baseLoss: number | null;
  readonly baseAccuracy: number | null;
  /** Share of right answers, where it was asked to answer. */
  readonly score: number | null;
  readonly baseScore: number | null;
}

/** How the next token is chosen; the names are those of `lora generate`. */
export interface PlaygroundSampling {
  readonly maxNewTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 is all. */
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  /** 1 is none. */
  readonly repetitionPenalty: number;
  readonly seed: number;
  /** Strings that end the text. */
  readonly stop: readonly string[];
}

/** An earlier turn of a conversation: what was asked and what was answered. */
export interface PlaygroundTurn {
  readonly prompt: string;
  readonly answer: string;
}

/** What one column writes with: no adapter is the base model, several are added up. */
export type PlaygroundColumn = readonly WeightedAdapter[];

export interface PlaygroundRequest {
  readonly baseModel: string;
  readonly columns: readonly PlaygroundColumn[];
  /** Each is continued in every column. */
  readonly prompts: readonly string[];
  readonly isChat: boolean;
  /** Said before a chat's prompt; empty: nothing. */
  readonly system: string;
  /** The turns of a chat before the prompt, for each column its own; a column without any begins. */
  readonly earlier: readonly (readonly PlaygroundTurn[])[];
  readonly sampling: PlaygroundSampling;
  /** How many of the likeliest tokens are told at each place; null: no probabilities. */
  readonly likeliest: number | null;
}

/** A token and what the model thought at its place, before temperature and the other settings. */
export interface PlaygroundToken extends LikelyToken {
  readonly top: readonly LikelyToken[];
}

/** Text that has become certain, and the tokens since the last piece: one, but for characters of several tokens. */
export interface PlaygroundPiece {
  readonly text: string;
  /** Empty where no probabilities were asked for. */
  readonly tokens: readonly PlaygroundToken[];
}

export interface PlaygroundEnd {
  /** `stop`: the model or a stop string ended it; `length`: there was no room for more; `stopped`: the user did. */
  readonly reason: 'stop' | 'length' | 'stopped' | 'failed';
  /** Tokens that were written. */
  readonly tokens: number;
  /** From the first token on; null where there was no second one. */
  readonly tokensPerSecond: number | null;
  /** Where it failed. */
  readonly problem: WireError | null;
}

/** What is told of a text: `text` counts them, all columns of the first prompt first. */
export type PlaygroundNews =
  { readonly text: number; readonly piece: PlaygroundPiece } | { readonly text: number; readonly end: PlaygroundEnd };

/** Each text's `end` was told before. */
export interface PlaygroundOutcome {
  readonly outcome: 'finished' | 'stopped';
}
