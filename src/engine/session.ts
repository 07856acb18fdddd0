import { listRuns } from './checkpoint/runFolder';
import { checkRecipe } from './operations/checkRecipe';
import { describeMachine } from './operations/describeMachine';
import { evaluateModel } from './operations/evaluateModel';
import { generateText } from './operations/generateText';
import { planRecipe } from './operations/planRecipe';
import { showTokens } from './operations/showTokens';
import { trainRecipe } from './operations/trainRecipe';

/** All that the command line and the engine process ask of the engine. Expected failures are thrown as `Failure`. */
export function createEngine() {
  return {
    plan: planRecipe,
    train: trainRecipe,
    tokens: showTokens,
    check: checkRecipe,
    evaluate: evaluateModel,
    generate: generateText,
    runs: listRuns,
    doctor: describeMachine,
  };
}
