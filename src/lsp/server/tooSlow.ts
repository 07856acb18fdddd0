import type { RecipeDraft } from '../../recipe/draft';
import type { Unread } from '../../recipe/facts';
import type { QuestionName } from './questions';

/** Questions that are answered from a few rows as a template writes them. */
const ofRows: ReadonlySet<QuestionName> = new Set(['data', 'evalData', 'tokens', 'evalTokens']);

/** What people are told of a question that took too long: where a template writes those rows, it is the reason. */
export function tooSlow(name: QuestionName, { dataset }: RecipeDraft): Unread | undefined {
  if (!ofRows.has(name) || typeof dataset?.template !== 'string') return undefined;
  return {
    failure: {
      code: 'template-too-slow',
      message: 'Writing the rows with this template takes so long that it was given up: it may never come to an end.',
      hint: 'Look for a loop that goes over far too much.',
      path: 'dataset.template',
    },
  };
}
