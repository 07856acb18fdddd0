import path from 'node:path';
import type { DescribedAdapter } from '../../run/adapterBases';
import { longestChat } from '../../run/chat';
import type { ChatModelInformation } from './languageModelApi';

/** Names the models among those of all extensions; package.json contributes it. */
export const vendor = 'lora-workbench';

/** An adapter as a chat model. */
export interface AdapterModel extends ChatModelInformation {
  readonly described: DescribedAdapter;
}

/**
 * Adapters that can chat. Without a chat template nobody knows what a question looks like to a base model, so its
 * adapters are not offered. One whose base model is not there is: what to do about that is said when it is asked.
 * @param nameOf how the adapter's folder is called in the workspace, unique and the same each time
 */
export function chatModels(
  described: readonly DescribedAdapter[],
  nameOf: (folder: string) => string,
): readonly AdapterModel[] {
  return described
    .filter(({ base, problem }) => base?.hasChatTemplate ?? problem?.code === 'base-of-adapter-unknown')
    .map((each) => modelOf(each, nameOf(each.folder)));
}

function modelOf(described: DescribedAdapter, id: string): AdapterModel {
  const { base, folder } = described;
  const where = base === null ? 'its base model is not here' : `on ${base.name}`;
  return {
    id,
    name: path.basename(folder),
    family: base?.family ?? 'unknown',
    version: '1',
    detail: where,
    tooltip: `LoRA adapter ${id}, ${where}. It runs on this computer.`,
    ...limits(base?.contextLength ?? contextUnknown),
    capabilities: { imageInput: false, toolCalling: false },
    described,
  };
}

/** Of a model that is not there nothing can be said; most know more. */
const contextUnknown = 2048;

/** A quarter of the context is kept for the answer. */
function limits(contextLength: number): Pick<AdapterModel, 'maxInputTokens' | 'maxOutputTokens'> {
  const length = Math.min(contextLength, longestChat);
  const maxOutputTokens = Math.max(1, Math.floor(length / 4));
  return { maxInputTokens: length - maxOutputTokens, maxOutputTokens };
}
