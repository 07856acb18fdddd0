import type { LoraTarget } from '../../lora/adapter';
import { transposed } from '../../lora/transposed';
import { mlxWeightsName, readMlxAdapter, writeMlxAdapter } from '../../formats/mlxAdapter';
import type { MlxAdapter, MlxModule } from '../../formats/mlxAdapter';
import type { ExportFormat, ExportSource } from './exportFormat';
import { exportDiffers, exportNeedsMerge } from './failures';

/** For mlx-lm on Apple's processors. */
export const mlxFormat: ExportFormat = {
  purpose: 'a folder for mlx-lm (--adapter-path), on Apple silicon',
  isFolder: true,
  ending: '-mlx',
  marker: mlxWeightsName,
  async write(source, target) {
    const adapter = mlxAdapterOf(source);
    await writeMlxAdapter(target, adapter);
    await checkSame(adapter, target);
    const { base } = source;
    return [
      `Read again, all ${adapter.modules.size} adapted layers are the same.`,
      ...(adapter.model === null ? [] : [`mlx_lm.generate --model ${base.folder.path} --adapter-path … uses it.`]),
    ];
  },
};

/** @throws Failure `export-needs-merge` */
export function mlxAdapterOf({ adapter, values, base, config }: ExportSource): MlxAdapter {
  const replaced = adapter.trainables.find(({ baseWeight }) => baseWeight !== undefined);
  if (replaced !== undefined) throw exportNeedsMerge('mlx', `a weight of its own for ${replaced.name}`);
  const [first] = adapter.targets;
  const rank = Math.max(...adapter.targets.map(({ r }) => r));
  const scale = first!.scaling;
  const modules = new Map<string, MlxModule>();
  for (const target of adapter.targets) {
    // mlx-lm uses an adapted embedding in the output layer, too, where they share a weight; PEFT does not.
    const isShared = [...base.model.tied.values()].includes(`${target.path}.weight`);
    if (target.kind === 'embedding' && isShared)
      throw exportNeedsMerge('mlx', `an adapter on the shared ${target.path}`);
    modules.set(mlxPath(target.path), mlxModule(target, values, rank, scale));
  }
  const { blocks } = base.model;
  return {
    rank,
    scale,
    dropout: config.lora_dropout,
    numLayers: blocks,
    model: config.base_model_name_or_path,
    modules,
  };
}

/** Module paths are those of Transformers, but for GPT-2. */
function mlxPath(path: string): string {
  return path.replace(/^transformer\./, 'model.');
}

/** One rank and one scale for all: smaller ranks are filled up with zeros, other strengths become part of b. */
function mlxModule(
  target: LoraTarget,
  values: ReadonlyMap<string, Float32Array>,
  rank: number,
  scale: number,
): MlxModule {
  const { path, kind, r, inFeatures, outFeatures, scaling } = target;
  const [nameA, nameB] =
    kind === 'embedding' ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
  const wideA = new Float32Array(rank * inFeatures);
  wideA.set(values.get(`${path}.${nameA}`)!);
  const b = new Float32Array(rank * outFeatures);
  const factor = scaling / scale;
  b.set(transposed(values.get(`${path}.${nameB}`)!, outFeatures, r).map((value) => factor * value));
  return { inFeatures, outFeatures, a: transposed(wideA, rank, inFeatures), b };
}

/** @throws Failure `export-differs` */
async function checkSame(written: MlxAdapter, folder: string): Promise<void> {
  const read = await readMlxAdapter(folder);
  for (const [name, { a, b }] of written.modules) {
    const own = read.modules.get(name);
    const isSame = own !== undefined && equal(own.a, a) && equal(own.b, b);
    if (!isSame || read.scale !== written.scale) throw exportDiffers('mlx', name);
  }
}

function equal(one: Float32Array, other: Float32Array): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i]);
}
