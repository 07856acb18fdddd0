import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ShownPrompts } from '../../../run/playgroundProtocol';
import { recordOf, textsOf } from '../../../run/playgroundReading';

/** Where the prompt set of a workspace folder lies. */
export const promptSetName = path.join('.lora', 'prompts.json');

const unreadable =
  'The prompt set cannot be read: it is not JSON such as { "prompts": ["…"] }. Correct the file, or delete it to begin anew.';

/**
 * The prompts of a workspace folder that are tried again and again. The file is for people, too: they may write it, and
 * keep it with their project. One that cannot be read is never overwritten.
 */
export class PromptSet {
  /** The latest that was asked to be written: what is typed meanwhile comes after it. */
  private writing: Promise<unknown> = Promise.resolve();
  private count = 0;
  /** What was added where nothing can be saved; there as long as the playground is. */
  private unsaved: readonly string[] = [];

  /** @param file absolute path; null where no folder is open */
  constructor(readonly file: string | null) {}

  async read(): Promise<ShownPrompts> {
    const { file } = this;
    if (file === null) return { prompts: this.unsaved, file, problem: null };
    await this.writing.catch(() => undefined);
    try {
      const prompts = promptsIn(await readFile(file, 'utf8'));
      return prompts === undefined ? { prompts: [], file, problem: unreadable } : { prompts, file, problem: null };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const problem = code === 'ENOENT' ? null : `The prompt set cannot be read: ${message}.`;
      return { prompts: [], file, problem };
    }
  }

  /** Writes beside and renames. Gives what stands in the file then, with the problem where it could not be written. */
  async write(prompts: readonly string[]): Promise<ShownPrompts> {
    const { file } = this;
    if (file === null) {
      this.unsaved = prompts;
      return { prompts, file, problem: null };
    }
    const before = await this.read();
    if (before.problem !== null) return before;
    const written = this.writing.then(() => this.replace(file, prompts));
    this.writing = written.catch(() => undefined);
    try {
      await written;
      return { prompts, file, problem: null };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { prompts, file, problem: `The prompt set could not be saved: ${reason}.` };
    }
  }

  private async replace(file: string, prompts: readonly string[]): Promise<void> {
    await mkdir(path.dirname(file), { recursive: true });
    const beside = `${file}.${process.pid}-${this.count++}.new`;
    try {
      await writeFile(beside, `${JSON.stringify({ prompts }, null, 2)}\n`, { flush: true });
      await rename(beside, file);
    } finally {
      await rm(beside, { force: true });
    }
  }
}

function promptsIn(text: string): readonly string[] | undefined {
  try {
    return textsOf(recordOf(JSON.parse(text))?.['prompts']);
  } catch {
    return undefined;
  }
}
