import { adapterConfigDefaults } from '../../src/engine/formats/adapterConfig';
import type { AdapterConfig } from '../../src/engine/formats/adapterConfig';
import { writeAdapterFolder } from '../../src/engine/formats/adapterFolder';
import { loraOptionsOf } from '../../src/engine/facts/adapterOptions';
import { openBaseModel, readWeight } from '../../src/engine/facts/baseModel';
import { planAdapter } from '../../src/engine/lora/adapter';
import { randomStream } from '../../src/random/randomStream';

/** Writes an adapter with random values for the model in `base`; `config` replaces keys of adapter_config.json. */
export async function writeTinyAdapter(
  folder: string,
  base: string,
  config: Partial<AdapterConfig> = {},
  seed = 1,
): Promise<void> {
  const whole: AdapterConfig = {
    ...adapterConfigDefaults,
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base,
    r: 4,
    lora_alpha: 8,
    target_modules: ['q_proj', 'v_proj'],
    ...config,
  };
  const opened = await openBaseModel(base, process.cwd());
  const tensors = [];
  for (const { name, shape, baseWeight } of planAdapter(opened.model, loraOptionsOf(whole), 'stored').trainables) {
    const random = randomStream(seed, name);
    const origin = baseWeight === undefined ? undefined : await readWeight(opened, baseWeight);
    const length = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length }, (_, i) => (origin?.[i] ?? 0) + 0.2 * random.normal());
    tensors.push({ name, shape, data });
  }
  await writeAdapterFolder(folder, { config: whole, tensors, modelCard: '# A tiny adapter\n' });
}
