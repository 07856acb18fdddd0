import path from 'node:path';
import { formatBytes, formatCount } from '../../run/format';
import { tokenFailures } from '../../run/download';
import type { DownloadedModel, DownloadRequest, ListedModel } from '../../run/download';
import { readToken } from '../../engine/hub/settings';
import { Failure } from '../../failure/failure';
import { printJson, type Command, type CommandContext, type CommandExit, type CommandInput } from '../command';
import { DownloadLine } from '../downloadLine';
import { wrongUsage } from '../failures';

export const downloadCommand: Command = {
  name: 'download',
  summary: 'Fetch a base model from the Hugging Face hub into the local cache',
  arguments: [{ name: 'ID', isRequired: false }],
  options: {
    list: { type: 'flag', description: 'Show models to start with, and which of them this machine can train.' },
    revision: { type: 'text', value: 'R', description: 'Branch, tag or commit (default main).' },
    'token-file': {
      type: 'text',
      value: 'FILE',
      description: 'A file with a Hugging Face token; without it HF_TOKEN and the token of `hf auth login` count.',
    },
  },
  notes: [
    'Only what training needs is fetched, and nothing that is in the cache already, also by Python programs.',
    'Ctrl-C stops; the same command goes on where it stopped.',
    "HF_HOME, HF_HUB_CACHE, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean to Hugging Face's own tools.",
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    if (input.flag('list')) return list(context);
    const request = await readRequest(input, context);
    const engine = await context.engine();
    const line = new DownloadLine({ id: request.id, words: context.words, live: context.stderr });
    try {
      const ended = await engine.download(request, (news) => line.show(news), context.signal);
      line.end();
      if (ended.outcome === 'cancelled') {
        context.stderr.line(stopped(request.id, ended));
        return 130;
      }
      if (context.isJson) printJson(context, ended.model);
      else for (const text of finished(ended.model)) context.words.line(text);
      return 0;
    } catch (error) {
      throw withWayToGiveToken(error);
    } finally {
      line.end();
    }
  },
};

/** The engine speaks of tokens; how one is given is another thing here than in the editor. */
function withWayToGiveToken(error: unknown): unknown {
  if (!(error instanceof Failure) || !tokenFailures.has(error.code)) return error;
  const { code, message, place, exitCode, cause } = error;
  const hint = [error.hint, 'A token is given with --token-file FILE or in HF_TOKEN.'].filter(Boolean).join(' ');
  return new Failure(code, message, { hint, exitCode, cause, ...(place === undefined ? {} : { place }) });
}

/** @throws Failure `wrong-usage`, `file-missing`, `hub-token-invalid` */
async function readRequest(input: CommandInput, { cwd }: CommandContext): Promise<DownloadRequest> {
  const [id] = input.positionals;
  if (id === undefined)
    throw wrongUsage('`lora download` needs ID.', '`lora download --list` shows models to start with.');
  const file = input.text('token-file');
  const token = file === undefined ? null : await readToken(path.resolve(cwd, file));
  return { id, revision: input.text('revision') ?? null, token };
}

function stopped(
  id: string,
  { done_bytes, total_bytes }: { readonly done_bytes: number | null; readonly total_bytes: number | null },
): string {
  const kept =
    done_bytes === null || total_bytes === null
      ? ''
      : ` ${formatBytes(done_bytes)} of ${formatBytes(total_bytes)} are kept;`;
  return `Stopped.${kept} \`lora download ${id}\` goes on from there.`;
}

function finished(model: DownloadedModel): readonly string[] {
  const { id, bytes, downloaded_bytes: fetched, folder, base_model: name } = model;
  const what = fetched === 0 ? `${id} was here already` : `${id} is here`;
  return [`${what}: ${formatBytes(bytes)} in ${folder}`, `In a recipe: "base_model": ${JSON.stringify(name)}`];
}

async function list(context: CommandContext): Promise<CommandExit> {
  const models = await (await context.engine()).baseModels();
  if (context.isJson) printJson(context, models);
  else for (const line of listLines(models)) context.stdout.line(line);
  return 0;
}

const fits = { fits: 'should fit', tight: 'tight', 'too large': 'too large' } as const;

function listLines(models: readonly ListedModel[]): readonly string[] {
  const machine = formatBytes(models[0]?.machine_bytes ?? 0);
  const blocks = models.flatMap((model) => [
    `${model.id}${model.folder === null ? '' : '  (here already)'}`,
    `  ${model.purpose}`,
    `  ${formatCount(model.parameters / 1e6)} million parameters · ${model.license} · download about ` +
      `${formatBytes(model.download_bytes)} · training at most ${formatBytes(model.training_bytes)}: ${fits[model.fit]}`,
    '',
  ]);
  return [
    `Models to start with. This machine has ${machine} of memory; training is counted with the defaults of a recipe,`,
    '4 rows of 512 tokens at a time: fewer or shorter ones need less.',
    '',
    ...blocks,
    'Others too: `lora download OWNER/NAME` takes every LLaMA, Mistral, Qwen2, Qwen3 or GPT-2 model of the hub.',
  ];
}
