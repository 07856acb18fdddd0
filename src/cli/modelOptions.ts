import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { WeightedAdapter } from '../run/answers';
import { requiredOption } from './arguments';
import type { CommandContext, CommandInput, OptionSpec } from './command';
import { parseWeightedAdapter } from './weightedAdapter';

/** Options of the commands that use a model with adapters. */
export const modelOptions: Readonly<Record<string, OptionSpec>> = {
  'base-model': {
    type: 'text',
    value: 'M',
    description: 'Folder or .gguf file of the base model, or a hub id in the local cache.',
  },
  adapter: {
    type: 'text',
    isList: true,
    value: 'DIR[:weight]',
    description: 'Folder of an adapter; a weight of 1 is as trained, 0.5 half as strong.',
  },
};

/** A path from the current folder as an absolute one; a hub id (`owner/model`, and no such folder) stays as it is. */
export function baseModel(command: string, input: CommandInput, { cwd }: CommandContext): string {
  const model = requiredOption(command, input, 'base-model', 'M');
  const file = path.resolve(cwd, model);
  const isHubId = /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(model) && !existsSync(file);
  return isHubId ? model : file;
}

/** Those of `--adapter`, after those of `named`. */
export function weightedAdapters(
  input: CommandInput,
  { cwd }: CommandContext,
  named: readonly string[] = [],
): readonly WeightedAdapter[] {
  const isFolder = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  const around = { cwd, isWindows: process.platform === 'win32', isFolder };
  return [...named, ...input.list('adapter')].map((text) => parseWeightedAdapter(text, around));
}
