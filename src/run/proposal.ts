import type { ProposedValue } from '../recipe/starterRecipe';

/** What a dataset's file holds, and whether it can be learnt from. */
export type DatasetDescription = {
  /** Absolute path. */
  readonly file: string;
} & (
  | {
      readonly state: 'ready';
      /** In plain words: `1,100 rows of instruction, input, output (Alpaca)`. */
      readonly words: string;
    }
  | {
      /** Rows that can be read, of no known shape: somebody must say which column is which. */
      readonly state: 'columns-unknown';
      readonly words: string;
      readonly columns: readonly ColumnDescription[];
      /** Roles that the columns' names suggest. */
      readonly guess: Readonly<Record<string, string>>;
    }
  | {
      readonly state: 'unusable';
      /** Why, in a sentence. */
      readonly words: string;
      /** What to do about it. */
      readonly hint: string | null;
      /** False for a file that was never meant as a dataset, such as a configuration in `.json`. */
      readonly isDataset: boolean;
    }
);

export interface ColumnDescription {
  readonly name: string;
  /** The beginning of the first row's text; null where the column holds no text. */
  readonly example: string | null;
}

/** A base model that was found. */
export interface ModelDescription {
  /** Absolute path of the folder, or the id under which the local hub cache holds it. */
  readonly reference: string;
  readonly isCached: boolean;
  /** `llama, 15.2 million parameters, reads 256 tokens`, or why it cannot be used. */
  readonly words: string;
  readonly isUsable: boolean;
}

export interface DescribeModelsParams {
  /** Absolute paths. */
  readonly folders: readonly string[];
  /** Whether the models of the local hub cache are described too. */
  readonly withCache: boolean;
}

export interface DescribeDatasetsParams {
  /** Absolute paths. */
  readonly files: readonly string[];
}

/** Model folders and datasets below a folder. */
export interface FoundIngredients {
  readonly models: readonly ModelDescription[];
  readonly datasets: readonly DatasetDescription[];
}

export interface ProposeParams {
  /** Absolute path of the recipe that is to be written; nothing is there yet. */
  readonly recipeFile: string;
  /** As the recipe will say it: a path from its folder, or a hub id. */
  readonly baseModel: string;
  /** As the recipe will say it. */
  readonly dataset: string;
  /** Role → column of the file; empty where the columns have names that are known. */
  readonly columns: Readonly<Record<string, string>>;
}

/** What the plan of the proposed recipe says, in numbers; steps and memory are estimates. */
export interface ProposedFigures {
  readonly trainable_params: number;
  readonly trainable_percent: number;
  readonly file_bytes: number;
  readonly memory_bytes: number;
  readonly total_steps: number;
}

/** Values for a recipe, each with its reason. */
export interface Proposal {
  /** What the dataset holds, in words. */
  readonly data: string;
  /** In the order of the recipe's keys. */
  readonly values: readonly ProposedValue[];
  readonly figures: ProposedFigures;
  /** What the user should know, one sentence each. */
  readonly warnings: readonly string[];
}
