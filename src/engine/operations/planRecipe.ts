import os from 'node:os';
import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import type { Plan } from '../../run/plan';
import { precisionObstacle, tensorflowOnProcessor } from '../../recipe/precision';
import type { ResolvedRecipe } from '../../recipe/recipe.generated';
import { chooseDevice, keepsBlocksOn } from '../devices/devices';
import type { ChosenDevice, Trial } from '../devices/devices';
import { deviceUnavailable, precisionUnsupported } from '../devices/failures';
import { plainSources } from '../facts/gatherFacts';
import { planFull } from '../lora/adapter';
import { pieceWarnings } from '../plan/largestPiece';
import { planRun } from '../plan/planRun';
import { tensorflowNotSetUp } from '../runtime/tensorflow/failures';
import { builtVariant } from '../runtime/tensorflow/place';
import type { Precision } from '../runtime/runtime';
import type { Recomputation } from '../train/trainingGraph';
import { formatCount } from '../../run/format';
import { activationBytes } from './activationBytes';
import { batchShapes } from './batchShapes';
import { heldWeights, storedForms } from './heldWeights';
import { evaluationRows } from './evaluator';
import { preflight } from './preflight';
import { checkExamples, closePrepared, countSteps, prepare } from './prepare';
import type { Prepared, PreparedFrom } from './prepare';

/** What `lora plan` shows. */
export function planRecipe(loaded: LoadedRecipe): Promise<Plan> {
  return planFrom(loaded, plainSources, 'once');
}

/** The same for whoever has the model and its tokenizer open already; devices are tried as `trial` says. */
export async function planFrom(loaded: LoadedRecipe, from: PreparedFrom, trial: Trial): Promise<Plan> {
  const prepared = await prepare(loaded, from);
  try {
    return await preflight(prepared, await planPrepared(prepared, trial));
  } finally {
    await closePrepared(prepared);
  }
}

/** @throws Failure `device-unavailable`, `precision-unsupported`, `quantization-unsupported`, where the recipe asks for what cannot be used */
export async function planPrepared(prepared: Prepared, trial: Trial = 'once'): Promise<Plan> {
  const { base, adapter, train, evaluation, maxLength, loaded } = prepared;
  await checkExamples(prepared);
  const steps = await countSteps(prepared);
  const statistics = await train.statistics();
  const recomputation = recomputationOf(loaded.recipe.training.gradient_checkpointing);
  const data = {
    rows: train.rowCount,
    eval_rows: evaluation?.rowCount ?? 0,
    tokens: statistics.tokens,
    supervised_tokens: statistics.supervisedTokens,
    steps_per_epoch: steps.perEpoch,
    total_steps: steps.total,
    estimated: statistics.estimated || steps.estimated,
  };
  const precision = precisionOf(loaded.recipe.engine);
  const chosen = await deviceOf(loaded.recipe.engine, precision, trial);
  const shapes = await batchShapes(prepared, steps);
  const { quantization } = loaded.recipe.engine;
  // TensorFlow widens once what is held in fewer bits.
  const held =
    loaded.recipe.engine.runtime === 'tensorflow'
      ? heldWeights(base.model, storedForms(base), 'none', chosen.device, { precision, keepsBlocks: false })
      : heldWeights(base.model, storedForms(base), quantization, chosen.device, {
          precision,
          keepsBlocks: await keepsBlocksOn(chosen.device),
        });
  const options = { batchSize: prepared.windowOptions.batchSize, maxLength, recomputation, precision };
  const activations = {
    lora: activationBytes(base, adapter, options, shapes, (name) => held.packed.has(name)),
    full: activationBytes(base, planFull(base.model), options, shapes),
  };
  const compute: Plan['compute'] = {
    runtime: loaded.recipe.engine.runtime === 'auto' ? 'onnxruntime' : loaded.recipe.engine.runtime,
    device: chosen.device,
    device_reason: chosen.reason,
    precision,
    threads: loaded.recipe.engine.threads === 0 ? os.availableParallelism() : loaded.recipe.engine.threads,
    gradient_checkpointing: recomputation,
    max_length: maxLength,
  };
  const plan = planRun(loaded.recipe, base.model, adapter, data, activations, compute, held);
  const warnings = [...pieceWarnings(base.model, precision, chosen), ...evaluationWarnings(prepared)];
  return { ...plan, warnings: [...plan.warnings, ...warnings] };
}

/**
 * 32 bits whatever the model file stores, unless half precision is asked for.
 * @throws Failure `precision-unsupported`
 */
function precisionOf(engine: ResolvedRecipe['engine']): Precision {
  const { precision } = engine;
  const obstacle = precisionObstacle(engine);
  if (obstacle !== undefined) throw precisionUnsupported(obstacle.where, precision, obstacle.reason);
  return precision === 'auto' ? 'fp32' : precision;
}

async function deviceOf(engine: ResolvedRecipe['engine'], precision: Precision, trial: Trial): Promise<ChosenDevice> {
  const { runtime, device, quantization } = engine;
  if (runtime === 'reference') return { device: 'cpu', reason: 'The reference runtime is plain TypeScript.' };
  if (runtime === 'tensorflow') {
    const chosen = await tensorflowDevice(device);
    if (precision === 'fp32' || chosen.device !== 'cpu') return chosen;
    throw precisionUnsupported(tensorflowOnProcessor.where, precision, tensorflowOnProcessor.reason);
  }
  return chooseDevice(device, { trial, precision, quantization: quantization === 'none' ? undefined : quantization });
}

/** @throws Failure `tensorflow-not-set-up`, `device-unavailable` */
async function tensorflowDevice(device: ResolvedRecipe['engine']['device']): Promise<ChosenDevice> {
  const variant = await builtVariant();
  if (variant === undefined) throw tensorflowNotSetUp();
  if (device === 'cpu') return { device, reason: 'TensorFlow computes on the processor.' };
  if (variant === 'gpu' && (device === 'auto' || device === 'cuda')) {
    return { device: 'cuda', reason: 'TensorFlow was set up for the graphics card.' };
  }
  if (device === 'auto') return { device: 'cpu', reason: 'TensorFlow was set up for the processor.' };
  const [reason, enable] =
    device === 'cuda'
      ? [
          'TensorFlow was set up for the processor.',
          'Run `lora setup tensorflow --gpu`, which sets it up for the card.',
        ]
      : ['TensorFlow does not compute there.', 'Set engine.runtime to "auto", which does.'];
  throw deviceUnavailable(device, reason, enable);
}

function evaluationWarnings(prepared: Prepared): string[] {
  const { rowCount } = prepared.evaluation ?? { rowCount: 0 };
  const used = evaluationRows(prepared);
  if (used >= rowCount) return [];
  return [
    `Of the ${formatCount(rowCount)} rows set aside for evaluation, ${formatCount(used)} are used. ` +
      'dataset.eval_split can be smaller; rows of a file in dataset.eval_path are all used.',
  ];
}

/** `auto` computes again what costs almost no time, `true` whole blocks, `false` nothing. */
export function recomputationOf(setting: 'auto' | boolean): Recomputation {
  if (setting === 'auto') return 'cheap';
  return setting ? 'blocks' : 'none';
}
