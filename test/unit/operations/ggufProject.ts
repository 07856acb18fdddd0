import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import { adapterConfigDefaults } from '../../../src/engine/formats/adapterConfig';
import { writeAdapterFolder } from '../../../src/engine/formats/adapterFolder';
import { RandomNumbers } from '../../conformance/randomNumbers';
import { temporaryFolder } from '../../tiny/recipe';
import { writeJson } from '../../tiny/model';
import { storedCases } from '../models/fixtures';

export interface Exporting {
  readonly model: string;
  readonly adapter: string;
  readonly folder: string;
}

/** The pieces that Llama 2's tokenizer is made of, as few as a model of 64 tokens has room for. */
export function pieces(): unknown {
  const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i));
  const words = ['<unk>', '<s>', '</s>', '▁', ...letters, 'ab', '▁ab', 'abc'];
  return {
    added_tokens: [0, 1, 2].map((id) => ({ id, content: words[id], special: true, normalized: false })),
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
      merges: [
        ['a', 'b'],
        ['▁', 'ab'],
        ['ab', 'c'],
      ],
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
    },
  };
}

/** A tiny model of a family with an adapter on some of its layers, one of them of another rank and strength. */
export async function exporting(t: TestContext, family: string, targets: readonly string[]): Promise<Exporting> {
  const folder = await temporaryFolder(t);
  const model = path.join(folder, 'model');
  await mkdir(model);
  const { config } = storedCases(family)[0]!;
  await writeJson(path.join(model, 'config.json'), { ...config, eos_token_id: 2 });
  await copyFile(`test/unit/models/fixtures/${family}/model.safetensors`, path.join(model, 'model.safetensors'));
  await writeJson(path.join(model, 'tokenizer.json'), pieces());
  await writeJson(path.join(model, 'tokenizer_config.json'), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    eos_token: '</s>',
    chat_template: '{{ messages[0].content }}',
  });
  const base = await openBaseModel(model, folder);
  const random = new RandomNumbers(family);
  const adapter = path.join(folder, 'adapter');
  const [first] = targets;
  const layers = base.model.modules.flatMap((module) =>
    (module.kind === 'linear' || module.kind === 'conv1d') &&
    targets.some((name) => `.${module.path}`.endsWith(`.${name}`))
      ? [module]
      : [],
  );
  const tensors = layers.flatMap(({ path: at, inFeatures, outFeatures }) => {
    const r = `.${at}`.endsWith(`.${first!}`) ? 3 : 2;
    const values = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
    return [
      { name: `${at}.lora_A.weight`, shape: [r, inFeatures], data: values(r * inFeatures) },
      { name: `${at}.lora_B.weight`, shape: [outFeatures, r], data: values(r * outFeatures) },
    ];
  });
  await writeAdapterFolder(adapter, {
    config: {
      ...adapterConfigDefaults,
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: model,
      r: 2,
      lora_alpha: 4,
      target_modules: targets,
      fan_in_fan_out: family === 'gpt2',
      rank_pattern: { [first!]: 3 },
      alpha_pattern: { [first!]: 5 },
    },
    tensors,
    modelCard: '',
  });
  return { model, adapter, folder };
}
