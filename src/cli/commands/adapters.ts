import { formatBytes } from '../../run/format';
import { listAdapters, type ListedAdapter } from '../adapterList';
import { printJson, type Command } from '../command';
import { folderArgument } from '../folderArgument';
import { shortPath } from '../loadRecipe';
import { tableLines } from '../table';

export const adaptersCommand: Command = {
  name: 'adapters',
  summary: 'The adapters in a folder: base model, rank, size',
  arguments: [{ name: 'DIR', isRequired: false }],
  options: {},
  stopsWhenAsked: false,
  async run(input, context) {
    const folder = await folderArgument(input, context);
    const adapters = await listAdapters(folder);
    if (context.isJson) printJson(context, adapters);
    else if (adapters.length === 0) context.stdout.line('No adapters here yet: `lora train RECIPE` makes one.');
    else for (const line of lines(adapters, context.cwd)) context.stdout.line(line);
    return 0;
  },
};

function lines(adapters: readonly ListedAdapter[], cwd: string): readonly string[] {
  const rows = adapters.map((adapter) => [
    shortPath(adapter.folder, cwd),
    adapter.base_model ?? '?',
    adapter.r === null ? '?' : String(adapter.r),
    adapter.bytes === null ? '?' : formatBytes(adapter.bytes),
    adapter.problem ?? '',
  ]);
  return tableLines(['ADAPTER', 'BASE MODEL', ' RANK', ' SIZE', ''], rows);
}
