import * as vscode from 'vscode';
import type { ListedModel } from '../../run/download';
import { listedFacts, memoryText } from './downloadText';

interface Choice extends vscode.QuickPickItem {
  /** Undefined asks for an id. */
  readonly id?: string;
}

/** Asks which model; an id, or the address of its page. The list is shown as soon as the engine has made it. */
export async function chooseHubModel(listing: Promise<readonly ListedModel[]>): Promise<string | undefined> {
  const another: Choice = {
    label: '$(globe) Another model of the Hugging Face hub…',
    detail: 'Any LLaMA, Mistral, Qwen2, Qwen3 or GPT-2 model with safetensors weights',
    alwaysShow: true,
  };
  const listed = listing.then((models): readonly Choice[] => [another, ...models.map(choiceOf)]);
  const chosen = await vscode.window.showQuickPick(listed, {
    title: 'Download Base Model',
    placeHolder: 'The model that learns; it is kept in the cache that all Hugging Face tools share',
    matchOnDescription: true,
    matchOnDetail: true,
    ignoreFocusOut: true,
  });
  if (chosen === undefined) return undefined;
  if (chosen.id !== undefined) return chosen.id;
  const typed = await vscode.window.showInputBox({
    title: 'Download Base Model',
    prompt: 'An id such as HuggingFaceTB/SmolLM2-135M-Instruct, or the address of its page',
    ignoreFocusOut: true,
    validateInput: (text) =>
      /^(https?:\/\/\S+|[\w.-]+(\/[\w.-]+)?)$/.test(text.trim()) ? undefined : 'An id looks like owner/name.',
  });
  return typed?.trim();
}

function choiceOf(model: ListedModel): Choice {
  const icon = model.folder === null ? 'cloud-download' : 'check';
  const memory = memoryText(model);
  return {
    label: `$(${icon}) ${model.id}`,
    description: listedFacts(model),
    detail: `${model.purpose} ${memory[0]!.toUpperCase()}${memory.slice(1)}.`,
    id: model.id,
  };
}
