import { dataChecks } from './dataChecks';
import { datasetChecks } from './datasetChecks';
import { modelShapeChecks } from './modelShapeChecks';
import { modelTargetChecks } from './modelTargetChecks';
import { findNotBuilt } from './notBuilt';
import { placeChecks } from './placeChecks';
import { check, type RecipeCheck } from './recipeCheck';
import { targetChecks } from './targetChecks';
import { tokenChecks } from './tokenChecks';
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
  ...modelTargetChecks,
  ...modelShapeChecks,
  ...dataChecks,
  ...tokenChecks,
  ...placeChecks,
];
