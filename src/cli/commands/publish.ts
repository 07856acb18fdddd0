import path from 'node:path';
import { readToken } from '../../engine/hub/settings';
import { tokenFailures } from '../../run/download';
import { formatBytes } from '../../run/format';
import type { PublishedAdapter, PublishNews, PublishRequest } from '../../run/publish';
import { Failure } from '../../failure/failure';
import { requiredOption } from '../arguments';
import { tellMade, type Command, type CommandContext, type CommandInput } from '../command';
import { wrongUsage } from '../failures';

export const publishCommand: Command = {
  name: 'publish',
  summary: 'Put an adapter on the Hugging Face hub',
  arguments: [{ name: 'ADAPTER', isRequired: false }],
  options: {
    adapter: { type: 'text', value: 'DIR', description: 'Folder of the adapter.' },
    repo: { type: 'text', value: 'OWNER/NAME', description: 'Where it goes; made if it is not there.' },
    private: { type: 'flag', description: 'For you alone. A repository that is public already is refused.' },
    'base-model': {
      type: 'text',
      value: 'ID',
      description: 'Hub id of the base model, where the adapter names a folder of this computer.',
    },
    'token-file': {
      type: 'text',
      value: 'FILE',
      description: 'A file with a token that may write; without it HF_TOKEN and the token of `hf auth login` count.',
    },
  },
  notes: [
    'Uploaded are adapter_config.json, adapter_model.safetensors, README.md and loss.svg, and nothing else of the folder.',
    'The model card says what the adapter was trained on and with which recipe: read it before you publish it.',
    'Without --private it is for everybody to see. Ctrl-C stops; the same command goes on.',
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    const request = await readRequest(input, context);
    try {
      const engine = await context.engine();
      const ended = await engine.publish(request, (news) => context.words.line(newsLine(news)), context.signal);
      const made = ended.outcome === 'cancelled' ? undefined : ended.adapter;
      return tellMade(context, made, finished, 'Stopped: no file was changed on the hub.');
    } catch (error) {
      throw withWayToGiveToken(error);
    }
  },
};

/** @throws Failure `wrong-usage`, `file-missing`, `hub-token-invalid` */
async function readRequest(input: CommandInput, { cwd }: CommandContext): Promise<PublishRequest> {
  const adapter = input.text('adapter') ?? input.positionals[0];
  if (adapter === undefined || (input.text('adapter') !== undefined && input.positionals.length > 0)) {
    throw wrongUsage(
      '`lora publish` needs one adapter: lora publish DIR --repo OWNER/NAME.',
      '`lora publish --help` explains it.',
    );
  }
  const file = input.text('token-file');
  return {
    adapter: path.resolve(cwd, adapter),
    repo: requiredOption('publish', input, 'repo', 'OWNER/NAME'),
    isPrivate: input.flag('private'),
    baseModel: input.text('base-model') ?? null,
    token: file === undefined ? null : await readToken(path.resolve(cwd, file)),
  };
}

/** The engine speaks of tokens; how one is given is another thing here than in the editor. */
function withWayToGiveToken(error: unknown): unknown {
  if (!(error instanceof Failure) || !(tokenFailures.has(error.code) || needsOther.has(error.code))) return error;
  const { code, message, place, exitCode, cause } = error;
  const hint = [error.hint, 'A token is given with --token-file FILE or in HF_TOKEN.'].filter(Boolean).join(' ');
  return new Failure(code, message, { hint, exitCode, cause, ...(place === undefined ? {} : { place }) });
}

const needsOther: ReadonlySet<string> = new Set(['publish-needs-token', 'publish-refused']);

function newsLine(news: PublishNews): string {
  if (news.type === 'file') return `Uploading ${news.name} (${formatBytes(news.bytes)}) …`;
  return `The hub cannot be reached: ${news.reason}. Trying again in ${news.seconds} s.`;
}

function finished({ url, is_private: isPrivate, is_new: isNew, files, changed }: PublishedAdapter): readonly string[] {
  const who = isPrivate ? 'private' : 'public';
  const what =
    changed.length === 0
      ? `Nothing to upload: all ${files.length} files are there already`
      : `Published: ${changed.length} of ${files.length} files ${isNew ? 'in a new repository' : 'were new or other'}`;
  return [`${what}, compared by their hashes; it is ${who}.`, url];
}
