import type { Decided } from '../checkpoint/runFolder';
import type { InitialAdapter } from '../lora/initialize';
import { changesBase } from '../lora/initialize';
import { readWeight } from '../facts/baseModel';
import { f32 } from '../runtime/runtime';
import type { Tensor, WeightSource } from '../runtime/runtime';
import { proveChange } from '../train/proof';
import type { AdaptedModule, Proof } from '../train/proof';
import type { TrainingState } from '../train/state';
import { tensorFeeds } from '../train/feeds';
import { logitsAt } from '../generate/logits';
import { chooseRuntime } from './chooseRuntime';
import { compileLogits, halfAndBlocks } from './compile';
import { firstExample } from './prepare';
import type { Prepared } from './prepare';

const probeTokens = 64;

/**
 * Compares the trained model with its base: each adapted module, and the logits of the first training row.
 * Throws a Failure.
 */
export async function prove(
  prepared: Prepared,
  state: TrainingState,
  start: InitialAdapter,
  weights: WeightSource,
  { device = 'cpu', threads, precision }: Pick<Decided, 'device' | 'threads' | 'precision'>,
): Promise<Proof> {
  const { recipe } = prepared.loaded;
  const ids = (await firstExample(prepared.train)).ids.slice(0, probeTokens);
  // What 16-bit numbers round away could hide what a short training changed: that is looked at on the processor.
  const isHalf = precision !== undefined && precision !== 'fp32';
  const runtime = chooseRuntime(
    isHalf && recipe.engine.runtime !== 'reference'
      ? { runtime: 'onnxruntime', device: 'cpu', threads }
      : { runtime: recipe.engine.runtime, device, threads },
  );
  const executable = await compileLogits(runtime, prepared.base, prepared.adapter, probeTokens, weights, halfAndBlocks);
  try {
    const rows = ids.map((_, position) => position);
    const tuned = await logitsAt({ executable, trained: tensorFeeds(state.tensors) }, ids, rows);
    const base = await logitsAt({ executable, trained: await baseValues(prepared, start) }, ids, rows);
    return proveChange(adaptedModules(prepared, state, start), { base, tuned });
  } finally {
    await executable.dispose();
  }
}

/** Values of the trained tensors with which the model is its base. */
async function baseValues({ base, adapter }: Prepared, start: InitialAdapter): Promise<Record<string, Tensor>> {
  const feeds: Record<string, Tensor> = {};
  for (const { name, shape, role, baseWeight } of adapter.trainables) {
    const initial = start.tensors.get(name)!;
    const isB = role === 'lora_B' || role === 'lora_embedding_B';
    const data =
      baseWeight !== undefined
        ? await readWeight(base, baseWeight)
        : isB && !changesBase(adapter)
          ? new Float32Array(initial.length)
          : initial;
    feeds[name] = f32(data, shape);
  }
  return feeds;
}

function adaptedModules({ adapter }: Prepared, state: TrainingState, start: InitialAdapter): AdaptedModule[] {
  const modules = new Map<string, AdaptedModule['tensors'][number][]>();
  adapter.trainables.forEach(({ name, target }, i) => {
    const path = target?.path ?? name;
    const tensor = { before: start.tensors.get(name)!, after: state.tensors[i]!.values };
    modules.set(path, [...(modules.get(path) ?? []), tensor]);
  });
  return [...modules].map(([path, tensors]) => ({ path, tensors }));
}
