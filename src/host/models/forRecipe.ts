/** How Download Base Model is called by a command that goes on with the model: nothing is offered at its end then. */
export const forRecipe = { purpose: 'recipe' } as const;

export function isForRecipe(target: unknown): boolean {
  return typeof target === 'object' && target !== null && 'purpose' in target && target.purpose === forRecipe.purpose;
}
