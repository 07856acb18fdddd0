import type { Plan } from '../../run/plan';
import { isUnread, type Facts, type Unread } from '../../recipe/facts';
import type { RecipeDocument } from './recipeDocument';

/** What was asked for, why it cannot be known, or undefined: it is still being read. */
export type Known<Value extends object> = Value | Unread | undefined;

/** What the recipe's `lora` section makes of this model. */
export interface KnownAdapter extends Pick<Plan, 'adapter' | 'targets' | 'full'> {
  readonly method: 'lora' | 'full';
}

/** Something that a path in a recipe can name. */
export interface FoundPath {
  /** As the recipe writes it. */
  readonly text: string;
  /** A few words on what it is. */
  readonly detail: string;
}

export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/**
 * Where the language service gets to know what a recipe speaks of. Answers come at once or after a short wait; what
 * takes longer is undefined, and the service's owner asks again when it has arrived. Nothing here ever rejects.
 */
export interface Sources {
  /** What the checks need to know, as far as it is known. */
  facts(document: RecipeDocument): Promise<Facts>;
  adapter(document: RecipeDocument): Promise<Known<KnownAdapter>>;
  plan(document: RecipeDocument): Promise<Known<Plan>>;
  /** Base models in the workspace and in the local hub cache. */
  baseModels(document: RecipeDocument): Promise<readonly FoundPath[]>;
  datasets(document: RecipeDocument): Promise<readonly FoundPath[]>;
  adapters(document: RecipeDocument): Promise<readonly FoundPath[]>;
  /** What lies in a folder that a recipe's path names; empty where there is none. */
  folder(document: RecipeDocument, path: string): Promise<readonly FolderEntry[]>;
  /** Where to go for what a recipe's path names: the uri of a file, of a model or adapter its configuration. */
  target(document: RecipeDocument, path: string): Promise<string | undefined>;
}

export function knownOf<Value extends object>(known: Known<Value>): Value | undefined {
  return isUnread(known) ? undefined : known;
}
