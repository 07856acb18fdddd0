import * as vscode from 'vscode';
import type { ListedModel } from '../../run/download';
import { isTypedId, listedFacts } from './downloadText';

interface Choice extends vscode.QuickPickItem {
  readonly id: string;
}

/**
 * Asks which model: one of the list, which is shown as soon as the engine has made it, or what is typed: an id or the
 * address of a model's page.
 */
export async function chooseHubModel(listing: Promise<readonly ListedModel[]>): Promise<string | undefined> {
  const quickPick = vscode.window.createQuickPick<Choice>();
  quickPick.title = 'Download Base Model';
  quickPick.placeholder = 'Choose a model, or type the id of another one on the Hugging Face hub: owner/name';
  quickPick.matchOnDescription = true;
  quickPick.matchOnDetail = true;
  quickPick.ignoreFocusOut = true;
  quickPick.busy = true;
  let listed: readonly Choice[] = [];
  const show = (): void => {
    quickPick.items = [...typedChoices(quickPick.value, listed), ...listed];
  };
  try {
    const chosen = new Promise<string | undefined>((resolve) => {
      quickPick.onDidAccept(() => resolve(quickPick.selectedItems[0]?.id));
      quickPick.onDidHide(() => resolve(undefined));
      quickPick.onDidChangeValue(show);
    });
    quickPick.show();
    const ready = listing.then((models) => {
      listed = models.map(choiceOf);
      quickPick.busy = false;
      show();
    });
    // Whoever knows the id need not wait for the list; without the engine there is nothing to choose.
    return await Promise.race([chosen, ready.then(() => chosen)]);
  } finally {
    quickPick.dispose();
  }
}

function typedChoices(value: string, listed: readonly Choice[]): readonly Choice[] {
  const id = value.trim();
  if (!isTypedId(id) || listed.some((choice) => choice.id === id)) return [];
  const detail = 'LLaMA, Mistral, Qwen2, Qwen3 and GPT-2 models with safetensors weights can be trained';
  return [{ label: `$(cloud-download) ${id}`, description: 'from the hub', detail, alwaysShow: true, id }];
}

function choiceOf(model: ListedModel): Choice {
  const icon = model.folder === null ? 'cloud-download' : 'check';
  return { label: `$(${icon}) ${model.id}`, description: listedFacts(model), detail: model.purpose, id: model.id };
}
