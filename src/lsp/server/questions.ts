import type { FactName, Facts } from '../../recipe/facts';
import type { Plan } from '../../run/plan';
import type { FoundPath, Known, KnownAdapter } from '../service/knowledge';

/** A recipe as a child process needs it: where it lies and what it says. */
export interface AskedRecipe {
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
  /** Absolute paths of the folders that the editor has open. */
  readonly workspace: readonly string[];
}

/** Things in the workspace and in the hub cache that a recipe could name. */
export interface Surveyed {
  readonly baseModels: readonly FoundPath[];
  readonly datasets: readonly FoundPath[];
  readonly adapters: readonly FoundPath[];
}

/** All that can be asked about a recipe, and what the answers are. */
export interface Answers extends Required<Facts> {
  readonly adapter: Known<KnownAdapter>;
  readonly plan: Known<Plan>;
  readonly surveyed: Surveyed;
}

export type QuestionName = FactName | 'adapter' | 'plan' | 'surveyed';

/** Whoever finds things out, in a process of its own or right here. Rejects with `NoAnswer`, also once `signal` is aborted. */
export interface Finder {
  ask<Name extends QuestionName>(name: Name, recipe: AskedRecipe, signal: AbortSignal): Promise<Answers[Name]>;
}

/** Why there is no answer: nobody waits any more, it took too long, or a bug. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Why a question was given up: it took longer, or more memory, than anything sound does. Asked again, it would again. */
export class GaveUp extends NoAnswer {
  constructor(readonly reason: 'time' | 'memory') {
    super(reason === 'time' ? 'It took too long' : 'It took too much memory');
  }
}

/** To a child process. */
export type ToChild =
  | { readonly type: 'ask'; readonly id: number; readonly name: QuestionName; readonly recipe: AskedRecipe }
  | { readonly type: 'forget'; readonly id: number };

/** From a child process: every question is answered once, in the order of asking. */
export type FromChild =
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  /** Forgotten before or while it was its turn. */
  | { readonly type: 'dropped'; readonly id: number }
  /** A bug: its stack, for the log. */
  | { readonly type: 'broken'; readonly id: number; readonly stack: string };
