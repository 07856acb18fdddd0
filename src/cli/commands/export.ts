import path from 'node:path';
import { formatBytes } from '../../run/format';
import type { Exported, ExportRequest } from '../../run/export';
import { requiredOption } from '../arguments';
import { printJson, tellMade, type Command, type CommandContext, type CommandInput } from '../command';
import type { Engine } from '../engine';
import { wrongUsage } from '../failures';
import { baseModel, modelOptions, weightedAdapters } from '../modelOptions';

export const exportCommand: Command = {
  name: 'export',
  summary: "Write an adapter in another program's format",
  arguments: [{ name: 'ADAPTER', isRequired: false }],
  options: {
    ...modelOptions,
    format: { type: 'text', value: 'F', description: 'What to write; without it the formats are listed.' },
    type: { type: 'text', value: 'T', description: 'Of --format gguf: f16 (as without it), q8_0 or f32.' },
    output: { type: 'text', value: 'FILE', description: 'File or folder that is made.' },
    overwrite: { type: 'flag', description: 'Replace what lies there.' },
  },
  notes: [
    'Without --base-model it is the one that the adapter names.',
    'Adapters (gguf-adapter, mlx) are read again and compared, of a merged model (gguf) the header is read again.',
    'A model for Transformers.js (onnx) is loaded, and its scores are compared.',
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    const engine = await context.engine();
    if (input.text('format') === undefined && input.text('output') === undefined) {
      const formats = engine.exportFormats();
      if (context.isJson) printJson(context, formats);
      else for (const { name, purpose } of formats) context.stdout.line(`${name.padEnd(14)}${purpose}`);
      return 0;
    }
    const exported = await unlessStopped(engine, readRequest(input, context), context.signal);
    return tellMade(context, exported, finished);
  },
};

function finished({ output, bytes, notes }: Exported): readonly string[] {
  return [`Written: ${output} (${formatBytes(bytes)}).`, ...notes];
}

async function unlessStopped(
  engine: Engine,
  request: ExportRequest,
  signal: AbortSignal,
): Promise<Exported | undefined> {
  try {
    return await engine.export(request, signal);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** @throws Failure `wrong-usage` */
function readRequest(input: CommandInput, context: CommandContext): ExportRequest {
  const adapters = weightedAdapters(input, context, input.positionals);
  const [adapter] = adapters;
  if (adapter === undefined || adapters.length > 1 || adapter.weight !== 1) {
    throw wrongUsage(
      '`lora export` writes one adapter, as strong as it was trained.',
      'Name one folder; `lora merge` adds up.',
    );
  }
  return {
    format: formatOf(requiredOption('export', input, 'format', 'F'), input.text('type')),
    adapter: adapter.folder,
    baseModel: input.text('base-model') === undefined ? null : baseModel('export', input, context),
    output: path.resolve(context.cwd, requiredOption('export', input, 'output', 'FILE')),
    overwrite: input.flag('overwrite'),
  };
}

/** @throws Failure `wrong-usage` */
function formatOf(format: string, type: string | undefined): string {
  if (type === undefined) return format;
  if (format === 'gguf' && type === 'f16') return 'gguf';
  if (format === 'gguf' && (type === 'q8_0' || type === 'f32')) return `gguf-${type}`;
  throw wrongUsage(
    `There is no type "${type}" of the format "${format}".`,
    'With --format gguf it is f16, q8_0 or f32.',
  );
}
