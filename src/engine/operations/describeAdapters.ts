import { Failure } from '../../failure/failure';
import type { AdapterBase, DescribedAdapter } from '../../run/adapterBases';
import type { BaseModel } from '../facts/baseModel';
import { modelFolderName } from '../formats/hubCache';
import { onePathOf, openBaseOf } from './merge/baseOfAdapter';

/** The base models of adapter folders. Never throws for what is wrong in them. */
export async function describeAdapters(folders: readonly string[], signal?: AbortSignal): Promise<DescribedAdapter[]> {
  const described: DescribedAdapter[] = [];
  for (const folder of folders) {
    signal?.throwIfAborted();
    described.push(await describeAdapter(folder));
  }
  return described;
}

async function describeAdapter(folder: string): Promise<DescribedAdapter> {
  try {
    return { folder, base: await describeBase(await openBaseOf(folder)), problem: null };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, hint } = error;
    return { folder, base: null, problem: { code, message, hint: hint ?? null } };
  }
}

async function describeBase({ folder, model }: BaseModel): Promise<AdapterBase> {
  return {
    path: await onePathOf(folder.path),
    name: modelFolderName(folder.path),
    family: model.modelType,
    contextLength: model.contextLength,
    hasChatTemplate: folder.chatTemplate !== undefined,
  };
}
