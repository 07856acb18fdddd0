import assert from 'node:assert/strict';
import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TrainingEvent } from '../../src/run/trainingEvent';
import { lora } from '../tiny/lora';
import { writeJson } from '../tiny/model';
import { jsonLines, temporaryFolder, tinyRows, writeRecipe, writeTinyProject } from '../tiny/recipe';
import type { TinyProject } from '../tiny/recipe';

/** Something wrong with a project, and how `lora train` says so. */
interface Fault {
  readonly name: string;
  /** Makes it wrong. */
  readonly spoil: (project: TinyProject) => Promise<void>;
  readonly code: string;
  readonly status?: 1 | 2 | 3;
  /** What the sentence, or with `place` the line below it, must name. */
  readonly says: RegExp;
  readonly place?: RegExp;
  readonly skip?: string | false;
}

const weights = ({ model }: TinyProject): string => path.join(model, 'model.safetensors');

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** Rewrites the header of the weights file and leaves its data as they are. */
async function editHeader(project: TinyProject, edit: (header: Header) => void): Promise<void> {
  const bytes = await readFile(weights(project));
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Header;
  edit(header);
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  await writeFile(weights(project), Buffer.concat([size, text, bytes.subarray(8 + length)]));
}

async function cutFile(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.truncate(bytes);
  await handle.close();
}

const modelFaults: readonly Fault[] = [
  {
    name: 'a model that is not there',
    spoil: (project) => writeRecipe(project, { base_model: './nowhere' }),
    code: 'model-missing',
    says: /no model folder .*nowhere/,
  },
  {
    name: 'a model that is neither there nor in the cache',
    spoil: (project) => writeRecipe(project, { base_model: 'someone/nothing' }),
    code: 'model-not-in-hub-cache',
    says: /"someone\/nothing" is neither a folder nor/,
  },
  {
    name: 'a model whose weights are only in a pickle',
    spoil: (project) => rename(weights(project), path.join(project.model, 'pytorch_model.bin')),
    code: 'model-pickle-only',
    says: /pytorch_model\.bin, a format that can run code/,
  },
  {
    name: 'weights that end in the middle',
    spoil: async (project) => cutFile(weights(project), (await readFile(weights(project))).length - 100),
    code: 'safetensors-truncated',
    says: /model\.safetensors ends too early/,
  },
  {
    name: 'weights cut off within the header',
    spoil: (project) => cutFile(weights(project), 100),
    code: 'safetensors-header-too-long',
    says: /header has \d+ bytes, but the whole file has 100/,
  },
  {
    name: 'a header longer than the file',
    spoil: async (project) => {
      const handle = await open(weights(project), 'r+');
      await handle.write(Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]), 0, 8, 0);
      await handle.close();
    },
    code: 'safetensors-header-too-long',
    says: /header has 4294967296 bytes/,
  },
  {
    name: 'tensors that overlap',
    spoil: (project) =>
      editHeader(project, (header) => {
        const entry = header['model.layers.0.self_attn.o_proj.weight']!;
        entry.data_offsets = header['model.layers.0.self_attn.q_proj.weight']!.data_offsets;
      }),
    code: 'safetensors-overlap',
    says: /share bytes/,
  },
  {
    name: 'a dtype that is none',
    spoil: (project) => editHeader(project, (header) => (header['model.norm.weight']!.dtype = 'FLOAT')),
    code: 'safetensors-dtype-unknown',
    says: /model\.norm\.weight.*"FLOAT"/,
  },
  {
    name: 'a dtype that nothing can be computed with',
    spoil: (project) =>
      editHeader(project, (header) => {
        header['model.norm.weight']!.dtype = 'I32';
      }),
    code: 'model-dtype-unsupported',
    says: /model\.norm\.weight.*I32/,
  },
  {
    name: 'a tensor of another shape than the configuration says',
    spoil: (project) =>
      editHeader(project, (header) => (header['model.layers.0.mlp.up_proj.weight']!.shape = [32, 48])),
    code: 'model-weight-shape',
    says: /up_proj.*32.*48/,
  },
  {
    name: 'a model of a family that is not supported',
    spoil: ({ model }) => writeJson(path.join(model, 'config.json'), { model_type: 'mamba' }),
    code: 'model-type-unsupported',
    says: /mamba/,
  },
  {
    name: 'a model without a tokenizer',
    spoil: ({ model }) => rm(path.join(model, 'tokenizer.json')),
    code: 'tokenizer-missing',
    says: /tokenizer\.json/,
  },
];

const recipeFaults: readonly Fault[] = [
  {
    name: 'a target that matches nothing',
    spoil: (project) => writeRecipe(project, { lora: { target_modules: ['q_proj', 'query'] } }),
    code: 'target-not-found',
    says: /"query"/,
    place: /lora\.target_modules\[1\]/,
  },
  {
    name: 'rank 0',
    spoil: (project) => writeRecipe(project, { lora: { r: 0 } }),
    code: 'out-of-range',
    says: /`lora\.r`/,
    place: /tiny\.lora\.json:\d+ \(lora\.r\)/,
  },
  {
    name: 'a rank larger than the layer',
    spoil: (project) => writeRecipe(project, { lora: { r: 33, lora_alpha: 33 } }),
    code: 'rank-too-large',
    says: /33.*(16|32)/,
    place: /lora\.r/,
  },
  {
    name: 'an output folder that cannot be made',
    spoil: async (project) => {
      await writeFile(path.join(project.folder, 'adapters'), 'a file in the way');
    },
    code: 'output-not-a-folder',
    says: /adapters/,
  },
  {
    name: 'an output folder where nobody may write',
    spoil: (project) => writeRecipe(project, { output: '/proc/adapters' }),
    code: 'output-unwritable',
    says: /\/proc\/adapters/,
    skip: process.platform === 'linux' ? false : 'needs /proc',
  },
  {
    name: 'an output folder that is the base model',
    spoil: (project) => writeRecipe(project, { output: 'model', method: 'full' }),
    code: 'output-overwrites-input',
    says: /would overwrite `base_model`/,
  },
  {
    name: 'an output folder that holds something else',
    spoil: async ({ output }) => {
      await mkdir(output, { recursive: true });
      await writeFile(path.join(output, 'thesis.docx'), 'years of work');
    },
    code: 'output-holds-other-files',
    says: /thesis\.docx/,
  },
];

const dataFaults: readonly Fault[] = [
  {
    name: 'a dataset that is not there',
    spoil: ({ data }) => rm(data),
    code: 'dataset-missing',
    says: /no dataset file .*train\.jsonl/,
  },
  {
    name: 'a broken line',
    spoil: async ({ data }) => {
      const lines = jsonLines(tinyRows()).split('\n');
      await writeFile(data, [...lines.slice(0, 6), '{"prompt": "1 +', ...lines.slice(6)].join('\n'));
    },
    code: 'dataset-row-invalid',
    says: /This row cannot be used/,
    place: /train\.jsonl:7\b/,
  },
  {
    name: 'a row without an answer',
    spoil: ({ data }) => writeFile(data, jsonLines([...tinyRows(2), { prompt: '1' }])),
    code: 'dataset-row-invalid',
    says: /completion/,
    place: /train\.jsonl:3\b/,
  },
  {
    name: 'an empty dataset',
    spoil: ({ data }) => writeFile(data, ''),
    code: 'dataset-empty',
    says: /no rows/,
  },
  {
    name: 'rows in which every label is masked',
    spoil: (project) =>
      writeFile(project.data, jsonLines(tinyRows().map(({ completion }) => ({ prompt: 'x'.repeat(90), completion })))),
    code: 'dataset-all-masked',
    says: /24 rows reached max_length/,
  },
];

for (const [group, faults] of [
  ['model', modelFaults],
  ['recipe', recipeFaults],
  ['data', dataFaults],
] as const) {
  describe(`${group}: lora train refuses`, { concurrency: 2 }, () => {
    for (const { name, spoil, code, status = 1, says, place, skip = false } of faults) {
      test(`${name} (${code})`, { skip }, async (t) => {
        const project = await writeTinyProject(await temporaryFolder(t));
        await spoil(project);
        const before = await readdir(project.folder);

        const told = await lora(['train', project.recipe]);
        assert.equal(told.status, status, told.stderr);
        assert.equal(told.stdout, '');
        const [sentence, ...rest] = told.stderr.trimEnd().split('\n');
        assert.match(sentence!, /^error: .*[.:]$/);
        assert.match(sentence!, says);
        assert.doesNotMatch(told.stderr, /\bat \w+ \(|node:internal|This is a bug/);
        assert.ok(rest.length >= 1, 'a next step');
        if (place !== undefined) assert.match(rest[0]!, place);

        const json = await lora(['train', project.recipe, '--json']);
        assert.equal(json.status, status);
        assert.match(json.stdout, /^[^\n]+\n$/, 'one line');
        const event = JSON.parse(json.stdout) as Extract<TrainingEvent, { type: 'error' }>;
        assert.deepEqual([event.type, event.code], ['error', code], event.message);
        assert.match(event.message, says);
        // Programs have the message alone: it names the file and line.
        if (place !== undefined && group === 'data') assert.match(event.message, place);
        if (event.hint !== null) assert.match(event.hint, /\.$/);

        assert.deepEqual(await readdir(project.folder), before, 'nothing was written');
      });
    }
  });
}

describe('what looks wrong but is not', { concurrency: 2 }, () => {
  test('a tokenizer without a pad token', async (t) => {
    const project = await writeTinyProject(await temporaryFolder(t), { dataset: { packing: false } });
    const config = await readFile(path.join(project.model, 'tokenizer_config.json'), 'utf8');
    assert.doesNotMatch(config, /pad_token/);
    const { status, stderr } = await lora(['train', project.recipe]);
    assert.equal(status, 0, stderr);
  });

  test('a model and a dataset that are read-only, and stay as they were', async (t) => {
    const project = await writeTinyProject(await temporaryFolder(t));
    const before = await readFile(weights(project));
    await chmod(weights(project), 0o444);
    await chmod(project.data, 0o444);
    assert.equal((await lora(['train', project.recipe])).status, 0);
    assert.deepEqual(await readFile(weights(project)), before);
  });

  test('a blank line at the end of the dataset', async (t) => {
    const project = await writeTinyProject(await temporaryFolder(t));
    await writeFile(project.data, `${jsonLines(tinyRows())}\n\n`);
    assert.equal((await lora(['train', project.recipe])).status, 0);
  });

  for (const dtype of ['F16', 'BF16'] as const) {
    test(`weights stored as ${dtype}`, async (t) => {
      const project = await writeTinyProject(await temporaryFolder(t), {}, { dtype });
      const { status, stderr } = await lora(['train', project.recipe]);
      assert.equal(status, 0, stderr);
    });
  }
});
