import type { Tool } from '../../../../src/recipe/convert/conversion';
import type { JsonValue } from '../../../../src/recipe/schema';

/** Settings of a tool in the shape of its public examples, and what must come of them. */
export interface ConversionFixture {
  readonly name: string;
  readonly tool: Tool;
  readonly text: string;
  /** The whole recipe: nothing more, nothing less. */
  readonly recipe: JsonValue;
  /** Keys without an equivalent, in any order. */
  readonly dropped?: readonly string[];
  /** Keys of the recipe that are left to fill in. */
  readonly toFill?: readonly string[];
  /** Codes of errors that the recipe's own checks leave for people. */
  readonly errors?: readonly string[];
  /** Parts of the recipe's comments. */
  readonly says?: readonly RegExp[];
}
