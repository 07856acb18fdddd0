import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../engine/formats/failures';
import type { CommandContext, CommandInput } from './command';
import { folderMissing, folderUnreadable } from './failures';

/**
 * The folder that a command was given, absolute; without one the current folder.
 * @throws Failure `folder-not-found`, `folder-unreadable`
 */
export async function folderArgument(input: CommandInput, { cwd }: CommandContext): Promise<string> {
  const folder = path.resolve(cwd, input.positionals[0] ?? '.');
  try {
    await readdir(folder);
    return folder;
  } catch (error) {
    const code = systemErrorCode(error);
    throw code === 'ENOENT' || code === 'ENOTDIR' ? folderMissing(folder) : folderUnreadable(folder, error);
  }
}
