import { datasetChecks } from './datasetChecks';
import { findNotBuilt } from './notBuilt';
import { check, type RecipeCheck } from './recipeCheck';
import { targetChecks } from './targetChecks';
import { trainingChecks } from './trainingChecks';

/** Every rule beyond the schema; editor, command line and engine all run this table. */
export const recipeChecks: readonly RecipeCheck[] = [
  check({
    code: 'not-built-yet',
    severity: 'error',
    title: 'Something that is planned, but not built',
    run: findNotBuilt,
  }),
  ...targetChecks,
  ...trainingChecks,
  ...datasetChecks,
];
