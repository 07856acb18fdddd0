import { listRuns } from './checkpoint/runFolder';
import { removeCuda, setUpCuda } from './operations/cuda/setUp';
import { describeCuda } from './operations/cuda/state';
import { checkRecipe } from './operations/checkRecipe';
import { combineAdapters } from './operations/combine/combineAdapters';
import { listBaseModels } from './operations/baseModels';
import { describeDatasets } from './operations/describeDatasets';
import { describeMachine } from './operations/describeMachine';
import { describeModels } from './operations/describeModels';
import { downloadBaseModel } from './operations/downloadBaseModel';
import { evaluateModel } from './operations/evaluateModel';
import { exportAdapter } from './operations/export/exportAdapter';
import { listExportFormats } from './operations/export/formats';
import { findIngredients } from './operations/findIngredients';
import { generateText } from './operations/generateText';
import { importAdapter } from './operations/import/importAdapter';
import { mergeModel } from './operations/merge/mergeModel';
import { planRecipe } from './operations/planRecipe';
import { proposeRecipe } from './operations/proposeRecipe';
import { previewPublish } from './operations/publish/previewPublish';
import { publishAdapter } from './operations/publish/publishAdapter';
import { serve } from './operations/serve/serve';
import { showTokens } from './operations/showTokens';
import { removeTensorflow, setUpTensorflow } from './operations/tensorflow/setUp';
import { describeTensorflow } from './operations/tensorflow/state';
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
    merge: mergeModel,
    combine: combineAdapters,
    serve,
    export: exportAdapter,
    exportFormats: listExportFormats,
    import: importAdapter,
    publish: (...[request, onNews, signal]: Parameters<typeof publishAdapter>) =>
      publishAdapter(request, onNews, signal),
    previewPublish: (...[request, onNews, signal]: Parameters<typeof previewPublish>) =>
      previewPublish(request, onNews, signal),
    runs: listRuns,
    doctor: () => describeMachine(),
    /** As `doctor`, with what earlier trials of devices found. */
    devices: () => describeMachine('once'),
    tensorflow: () => describeTensorflow(),
    setUpTensorflow,
    removeTensorflow: () => removeTensorflow(),
    cuda: () => describeCuda(),
    setUpCuda,
    removeCuda: () => removeCuda(),
    download: downloadBaseModel,
    baseModels: listBaseModels,
    findIngredients,
    describeModels,
    describeDatasets,
    propose: proposeRecipe,
  };
}
