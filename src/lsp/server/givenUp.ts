import type { RecipeDraft } from '../../recipe/draft';
import type { FailureFacts, Unread } from '../../recipe/facts';
import type { AskedRecipe, GaveUp, QuestionName } from './questions';

/** Questions that are answered from rows as a template writes them. */
const ofRows: ReadonlySet<QuestionName> = new Set(['data', 'evalData', 'tokens', 'evalTokens', 'cost', 'plan']);

const templateFailures: Readonly<Record<GaveUp['reason'], FailureFacts>> = {
  time: {
    code: 'template-too-slow',
    message: 'Writing the rows with this template takes so long that it was given up: it may never come to an end.',
    hint: 'Look for a loop that goes over far too much.',
    path: 'dataset.template',
  },
  memory: {
    code: 'template-too-large',
    message: 'Writing the rows with this template needs too much memory, so that it was given up.',
    hint: 'Look for a loop that goes over far too much, or for a list or a text that it makes longer and longer.',
    path: 'dataset.template',
  },
};

/** What people are told of a question that was given up: where a template writes the rows, it is the reason. */
export function reasonOf(name: QuestionName, { dataset }: RecipeDraft, reason: GaveUp['reason']): Unread | undefined {
  if (ofRows.has(name) && typeof dataset?.template === 'string') return { failure: templateFailures[reason] };
  if (reason === 'time') return undefined;
  return {
    failure: {
      code: 'too-large-to-check',
      message: 'Looking at what is named here needs too much memory, so that it was given up.',
      hint: 'Training may do with it all the same: `lora check` has no such limit.',
    },
  };
}

interface Question {
  readonly name: QuestionName;
  readonly recipe: AskedRecipe;
}

/** Whether a question would end as `culprit` did. What a template does to rows, it does to nothing else. */
export function endsAlike({ name, recipe }: Question, culprit: Question): boolean {
  const isSame = recipe.file === culprit.recipe.file && recipe.text === culprit.recipe.text;
  return isSame && (ofRows.has(name) || !ofRows.has(culprit.name));
}
