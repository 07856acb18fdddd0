import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ServeNews, ServeOptions } from '../../run/serving';
import { numberOption } from '../arguments';
import { printJson, type Command, type CommandContext, type CommandInput } from '../command';
import { apiKeyUnreadable } from '../failures';
import { baseModel, modelOptions } from '../modelOptions';
import { printable } from '../terminal';

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Answer programs over an OpenAI-compatible interface, with the base model and any number of adapters',
  arguments: [],
  options: {
    ...modelOptions,
    adapter: {
      type: 'text',
      isList: true,
      value: 'NAME=DIR',
      description: 'An adapter and the model name that clients ask for (default: the name of its folder).',
    },
    host: { type: 'text', value: 'H', description: 'Address to listen on (default 127.0.0.1: this computer alone).' },
    port: { type: 'text', value: 'P', description: 'Port to listen on; 0 takes a free one (default 8080).' },
    'api-key-file': { type: 'text', value: 'F', description: 'File with the key that clients must send.' },
    parallel: { type: 'text', value: 'N', description: 'Texts that are written at the same time (default 8).' },
    'max-waiting': { type: 'text', value: 'N', description: 'Texts that may wait beyond them (default 256).' },
    'max-length': { type: 'text', value: 'N', description: 'Longest text with its prompt, in tokens (default 8192).' },
  },
  notes: ['Ctrl-C or SIGTERM ends it: what is being written is finished within ten seconds.'],
  stopsWhenAsked: true,
  async run(input, context) {
    const options = readOptions(input, context);
    const engine = await context.engine();
    await engine.serve(options, (news) => tell(news, options, context), context.signal);
    return 0;
  },
};

function readOptions(input: CommandInput, context: CommandContext): ServeOptions {
  const whole = (name: string, min: number, max: number, otherwise: number): number =>
    numberOption(input, name, { min, max, isWhole: true }, otherwise);
  return {
    baseModel: baseModel('serve', input, context),
    adapters: input.list('adapter').map((text) => namedAdapter(text, context.cwd)),
    host: input.text('host') ?? '127.0.0.1',
    port: whole('port', 0, 65535, 8080),
    apiKey: apiKey(input.text('api-key-file'), context),
    parallel: whole('parallel', 1, 256, 8),
    maxWaiting: whole('max-waiting', 0, 1_000_000, 256),
    maxLength: input.text('max-length') === undefined ? undefined : whole('max-length', 2, 10_000_000, 0),
  };
}

/** `name=DIR`, or a folder whose name it takes. */
export function namedAdapter(text: string, cwd: string): { readonly name: string; readonly folder: string } {
  const match = /^([^=/\\]+)=(.+)$/.exec(text);
  if (match !== null) return { name: match[1]!, folder: path.resolve(cwd, match[2]!) };
  const folder = path.resolve(cwd, text);
  return { name: path.basename(folder), folder };
}

function apiKey(file: string | undefined, { cwd }: CommandContext): string | undefined {
  if (file === undefined) return undefined;
  const place = path.resolve(cwd, file);
  let key: string;
  try {
    key = readFileSync(place, 'utf8').trim();
  } catch (error) {
    throw apiKeyUnreadable(place, 'it cannot be read', error);
  }
  if (key === '' || /\s/.test(key)) throw apiKeyUnreadable(place, 'it must hold one word');
  return key;
}

function tell(news: ServeNews, { host, apiKey: key }: ServeOptions, context: CommandContext): void {
  if (context.isJson) {
    printJson(context, news);
    return;
  }
  const { stdout, stderr } = context;
  switch (news.type) {
    case 'listening':
      stdout.line(`Listening on ${news.url}/v1`);
      stdout.line(`Models: ${news.models.map(printable).join(', ')}`);
      if (key === undefined) stdout.line(`Anybody on this computer can use it (${host}, no API key).`);
      return;
    case 'request':
      stderr.line(
        stderr.paint('dim', `${news.method} ${printable(news.path)} ${news.status} ${news.seconds.toFixed(2)} s`),
      );
      return;
    case 'attached':
      stderr.line(`Attached ${printable(news.name)}`);
      return;
    case 'detached':
      stderr.line(`Detached ${printable(news.name)}`);
      return;
    case 'problem':
      stderr.line(stderr.paint('red', news.message));
      return;
    case 'ended':
      stdout.line('Ended.');
  }
}
