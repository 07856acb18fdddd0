// `npm run measure:lsp`: how long an editor waits for the language server, and how much memory it takes, with a model
// in the shape of SmolLM2-135M and real tokens: with 100,000 rows, and with a dataset of 1 GB.
//   --keystrokes N    default 60
//   --rows 100k|1gb   only one of the two
import { spawn } from 'node:child_process';
import { closeSync, copyFileSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { rmSync, writeFileSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node.js';
import { waitForQuiet } from '../parity/measuredProcess.mjs';

const limits = { usual: 50, first: 1000, megabytes: 200 };
const data = path.resolve(process.env.LORA_TEST_DATA || path.join(import.meta.dirname, '../../../shared/data'));
const cli = path.join(import.meta.dirname, '../../dist/cli.js');
const datasets = {
  '100k': { title: '100,000 rows', isEnough: (_bytes, rows) => rows >= 100_000 },
  '1gb': { title: '1 GB', isEnough: (bytes) => bytes >= 1e9 },
};

const { values: options } = parseArgs({
  options: { keystrokes: { type: 'string', default: '60' }, rows: { type: 'string' } },
});
const keystrokes = Number(options.keystrokes);
const scratch = mkdtempSync(path.join(tmpdir(), 'lora-measure-'));
try {
  writeModel(path.join(scratch, 'model'));
  await waitForQuiet();
  let isGood = true;
  for (const name of options.rows === undefined ? Object.keys(datasets) : [options.rows]) {
    isGood = (await measureWith(datasets[name], path.join(scratch, `${name}.jsonl`))) && isGood;
  }
  process.exitCode = isGood ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function measureWith({ title, isEnough }, file) {
  const rows = writeRows(file, isEnough);
  const load = loadavg()[0];
  const server = new Server();
  try {
    const times = await edit(server, path.basename(file));
    console.log(`\n${title} (${rows.toLocaleString('en')} rows), load ${load.toFixed(1)} on ${cpus().length} cores`);
    const lines = [
      ['start until it answers', { first: times.start }],
      ['diagnostics after opening', { first: times.opening }],
      ...['diagnostics', 'completion', 'hover', 'code lens'].map((name) => [name, summaryOf(times[name])]),
    ];
    console.log('                              first    median   95th percentile');
    for (const [name, { first, median, usual }] of lines)
      console.log(`${name.padEnd(28)}${ms(first)}${ms(median)}${ms(usual)}`);
    console.log(`all is known after          ${ms(times.known)}`);
    const { now, peak } = server.memory();
    console.log(`memory: ${now.toFixed(0)} MB, at most ${peak.toFixed(0)} MB`);
    return (
      lines.every(([, { first, usual = 0 }]) => first < limits.first && usual < limits.usual) && peak < limits.megabytes
    );
  } finally {
    server.kill();
    rmSync(file);
  }
}

/** Opens a recipe and types in it, as a person would but faster. */
async function edit(server, dataset) {
  const began = performance.now();
  await server.initialize(scratch);
  const start = performance.now() - began;
  const uri = pathToFileURL(path.join(scratch, 'mine.lora.json')).href;
  const opened = performance.now();
  server.notify('textDocument/didOpen', {
    textDocument: { uri, languageId: 'lora', version: 1, text: recipe(dataset, 8) },
  });
  await server.published(uri, () => true);
  const times = {
    start,
    opening: performance.now() - opened,
    diagnostics: [],
    completion: [],
    hover: [],
    'code lens': [],
  };
  const timed = async (name, work) => {
    const from = performance.now();
    await work();
    times[name].push(performance.now() - from);
  };
  for (let version = 2; version < keystrokes + 2; version++) {
    // Each keystroke changes what the adapter costs; every second one brings a problem, every other takes it away.
    const text = recipe(dataset, version % 2 === 0 ? `${version}, "rank": 1` : version);
    await timed('diagnostics', async () => {
      server.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] });
      await server.published(uri, (codes) => codes.includes('unknown-key') === (version % 2 === 0));
    });
    const place = (word) => {
      const before = text.slice(0, text.indexOf(word) + 2).split('\n');
      return { textDocument: { uri }, position: { line: before.length - 1, character: before.at(-1).length } };
    };
    await timed('completion', () => server.request('textDocument/completion', place('q_proj')));
    await timed('hover', () => server.request('textDocument/hover', place('"r"')));
    await timed('code lens', () => server.request('textDocument/codeLens', { textDocument: { uri } }));
  }
  const rested = performance.now();
  // What tokenizes and plans comes once nobody types.
  for (;;) {
    const lenses = await server.request('textDocument/codeLens', { textDocument: { uri } });
    const titles = lenses.map(({ command }) => command.title).join('\n');
    if (/longest/.test(titles) && /memory about/.test(titles)) break;
    await server.anyMessage();
  }
  return { ...times, known: performance.now() - rested };
}

function recipe(dataset, rank) {
  return `{
  "base_model": "./model",
  "lora": { "target_modules": ["q_proj", "v_proj"], "lora_alpha": 16, "r": ${rank} },
  "dataset": { "path": "${dataset}", "max_length": 512 },
  "training": { "num_train_epochs": 3, "learning_rate": 2e-4 }
}
`;
}

/** The configuration, the tokens and the tensors' header of SmolLM2-135M; its weights are a hole in the file. */
function writeModel(folder) {
  mkdirSync(folder);
  const sizes = { hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30, vocab_size: 49_152 };
  const config = {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', hidden_act: 'silu', ...sizes },
    ...{ num_attention_heads: 9, num_key_value_heads: 3, max_position_embeddings: 8192, rms_norm_eps: 1e-5 },
    ...{ rope_theta: 100_000, tie_word_embeddings: true, bos_token_id: 1, eos_token_id: 2, torch_dtype: 'bfloat16' },
  };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  copyFileSync(path.join(data, 'tokenizers/smollm2/tokenizer.json'), path.join(folder, 'tokenizer.json'));
  writeFileSync(
    path.join(folder, 'tokenizer_config.json'),
    JSON.stringify({ tokenizer_class: 'GPT2Tokenizer', bos_token: '<|im_start|>', eos_token: '<|im_end|>' }),
  );
  const header = {};
  let offset = 0;
  for (const [name, shape] of tensors(sizes)) {
    const end = offset + 2 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path.join(folder, 'model.safetensors'), 'w');
  writeSync(file, Buffer.concat([length, text]));
  ftruncateSync(file, 8 + text.length + offset);
  closeSync(file);
}

function tensors({ hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, vocab_size: words }) {
  const block = (at) => [
    [`model.layers.${at}.input_layernorm.weight`, [hidden]],
    [`model.layers.${at}.post_attention_layernorm.weight`, [hidden]],
    [`model.layers.${at}.self_attn.q_proj.weight`, [hidden, hidden]],
    [`model.layers.${at}.self_attn.k_proj.weight`, [hidden / 3, hidden]],
    [`model.layers.${at}.self_attn.v_proj.weight`, [hidden / 3, hidden]],
    [`model.layers.${at}.self_attn.o_proj.weight`, [hidden, hidden]],
    [`model.layers.${at}.mlp.gate_proj.weight`, [inner, hidden]],
    [`model.layers.${at}.mlp.up_proj.weight`, [inner, hidden]],
    [`model.layers.${at}.mlp.down_proj.weight`, [hidden, inner]],
  ];
  return [
    ['model.embed_tokens.weight', [words, hidden]],
    ...Array.from({ length: layers }, (_, at) => block(at)).flat(),
    ['model.norm.weight', [hidden]],
  ];
}

/** Real instructions, over and over, each with a number of its own. */
function writeRows(file, isEnough) {
  const source = JSON.parse(readFileSync(path.join(data, 'datasets/rasbt-instruction-data.json'), 'utf8'));
  const handle = openSync(file, 'w');
  let [bytes, rows] = [0, 0];
  while (!isEnough(bytes, rows)) {
    const lines = [];
    for (let at = 0; at < 1000; at++, rows++) {
      const { instruction, input, output } = source[rows % source.length];
      lines.push(JSON.stringify({ instruction: `${rows}. ${instruction}`, input, output }));
    }
    bytes += writeSync(handle, `${lines.join('\n')}\n`);
  }
  closeSync(handle);
  return rows;
}

function summaryOf([first, ...rest]) {
  const sorted = rest.sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { first, median: at(0.5), usual: at(0.95) };
}

function ms(time) {
  return time === undefined ? '         ' : `${time.toFixed(time < 10 ? 1 : 0)} ms`.padStart(9);
}

/** The process, and what it has said. */
class Server {
  #child = spawn(process.execPath, [cli, 'language-server', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  #connection = createMessageConnection(
    new StreamMessageReader(this.#child.stdout),
    new StreamMessageWriter(this.#child.stdin),
  );
  #codes = new Map();
  #waiting = new Set();

  constructor() {
    this.#connection.onNotification((method, params) => {
      if (method === 'textDocument/publishDiagnostics')
        this.#codes.set(
          params.uri,
          params.diagnostics.map(({ code }) => code),
        );
      this.#tell();
    });
    this.#connection.onRequest(() => {
      this.#tell();
      return null;
    });
    this.#connection.listen();
  }

  async initialize(folder) {
    const workspace = { workspaceFolders: true, codeLens: { refreshSupport: true } };
    const workspaceFolders = [{ uri: pathToFileURL(folder).href, name: 'measured' }];
    await this.request('initialize', { processId: process.pid, workspaceFolders, capabilities: { workspace } });
    this.notify('initialized', {});
  }

  request(method, params) {
    return this.#connection.sendRequest(method, params);
  }

  notify(method, params) {
    void this.#connection.sendNotification(method, params);
  }

  async published(uri, isWanted) {
    while (!this.#codes.has(uri) || !isWanted(this.#codes.get(uri))) await this.anyMessage();
  }

  /** Resolves with the next notification or request of the server. */
  anyMessage() {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** Megabytes of the process with its threads, now and at most. */
  memory() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)[1]) / 1000;
    return { now: of('VmRSS'), peak: of('VmHWM') };
  }

  kill() {
    this.#connection.dispose();
    this.#child.kill('SIGKILL');
  }

  #tell() {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of all) resolve();
  }
}
