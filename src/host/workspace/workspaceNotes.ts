import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type * as vscode from 'vscode';

/**
 * What is to outlive a window that is killed. VS Code keeps a workspace's state in the window, which writes it a little
 * later, and in a browser is the only one that knows it; this is a file beside the extension host, written at once.
 * Nor is it in `storageUri`: that is another folder while the extension host of the killed window still lives.
 */
export class WorkspaceNotes implements vscode.Memento {
  readonly #file: string;
  readonly #notes: Record<string, unknown>;

  /**
   * @param folder for the notes of all workspaces; made when something is noted
   * @param workspace what tells one from another
   */
  constructor(folder: string, workspace: string) {
    const name = createHash('sha256').update(workspace).digest('hex').slice(0, 16);
    this.#file = path.join(folder, `${name}.json`);
    this.#notes = read(this.#file);
  }

  keys(): readonly string[] {
    return Object.keys(this.#notes);
  }

  get<Value>(key: string, otherwise?: Value): Value | undefined {
    return (this.#notes[key] as Value | undefined) ?? otherwise;
  }

  update(key: string, value: unknown): Promise<void> {
    this.#notes[key] = value;
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true });
      // At once, a few hundred bytes, and a few times in a run: a promise could come too late.
      writeFileSync(`${this.#file}.new`, JSON.stringify(this.#notes));
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    return Promise.resolve();
  }
}

function read(file: string): Record<string, unknown> {
  try {
    const notes: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof notes === 'object' && notes !== null ? (notes as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
