import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Exported, ExportRequest } from '../../../run/export';
import { readAdapterFolder } from '../../formats/adapterFolder';
import { replaceFileAtomically, replaceFolderAtomically } from '../../formats/atomicFile';
import { outputIsAFolder } from '../../formats/failures';
import { openBaseModel } from '../../facts/baseModel';
import { floats } from '../../runtime/runtime';
import { attach } from '../attached';
import { folderBytes } from '../folderBytes';
import { overlap } from '../overlap';
import { openBaseOf } from '../merge/baseOfAdapter';
import type { ExportFormat, ExportSource } from './exportFormat';
import { exportFormatUnknown, exportOutputExists, exportOutputTaken } from './failures';
import { exportFormats } from './formats';

/**
 * Writes an adapter for another program, whole or not at all. Once `signal` is aborted it ends with the signal's reason.
 * @throws Failure `export-format-unknown`, `export-output-exists`, `export-output-taken`, those of the format, of opening base and adapter, and of
 *   writing
 */
export async function exportAdapter(
  request: ExportRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<Exported> {
  const format = Object.hasOwn(exportFormats, request.format) ? exportFormats[request.format] : undefined;
  if (format === undefined) throw exportFormatUnknown(request.format, Object.keys(exportFormats));
  const { output, overwrite } = request;
  if (!overwrite && (await isTaken(output))) throw exportOutputExists(output);
  if (!format.isFolder && (await isFolder(output))) throw outputIsAFolder(output);
  const source = await openSource(request, signal);
  if (await overlap(output, source.base.folder.path)) throw exportOutputTaken(output, 'the base model');
  if (await overlap(output, source.folder)) throw exportOutputTaken(output, 'the adapter');
  const notes = await write(format, source, output);
  return { output, bytes: await bytesOf(output), notes };
}

async function openSource({ adapter: folder, baseModel }: ExportRequest, signal: AbortSignal): Promise<ExportSource> {
  const base = baseModel === null ? await openBaseOf(folder) : await openBaseModel(baseModel, process.cwd());
  const { config } = await readAdapterFolder(folder);
  const { adapter, tensors } = await attach(base, folder, 1);
  const values = new Map(adapter.trainables.map(({ name }) => [name, floats(tensors, name)]));
  return { name: path.basename(folder), folder, config, base, adapter, values, signal };
}

/** Beside its place, so that it gets its name in one step; a model of many gigabytes is never in memory. */
async function write(format: ExportFormat, source: ExportSource, output: string): Promise<readonly string[]> {
  let notes: readonly string[] = [];
  const fill = async (draft: string): Promise<void> => {
    notes = await format.write(source, draft, output);
    source.signal.throwIfAborted();
  };
  const replacement = { kind: 'exported adapter', marker: format.marker ?? '', keep: () => false };
  if (format.isFolder) await replaceFolderAtomically(output, fill, replacement);
  else await replaceFileAtomically(output, fill);
  return notes;
}

async function isTaken(output: string): Promise<boolean> {
  const found = await stat(output).catch(() => undefined);
  if (found === undefined) return false;
  return !found.isDirectory() || (await readdir(output)).length > 0;
}

async function isFolder(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined))?.isDirectory() === true;
}

async function bytesOf(output: string): Promise<number> {
  const found = await stat(output);
  return found.isDirectory() ? folderBytes(output) : found.size;
}
