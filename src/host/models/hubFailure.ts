import * as vscode from 'vscode';
import type { Failure } from '../../failure/failure';
import { tokenFailures } from '../../run/download';
import { wordsOf } from '../engine/editorWords';
import type { HubToken, TokenUse } from './hubToken';

/** Codes of failures that pass when the same is tried again. */
const passing: ReadonlySet<string> = new Set(['hub-unreachable', 'download-cut-off', 'download-needs-space']);

/** Says what went wrong with the hub; gives whether it shall be tried again, now with another token where that may help. */
export async function tellHubFailure(failure: Failure, token: HubToken, use: TokenUse): Promise<boolean> {
  const setToken = 'Set Hugging Face Token';
  const again = 'Try Again';
  const { code } = failure;
  const actions = tokenFailures.has(code) || code === 'publish-refused' ? [setToken] : passing.has(code) ? [again] : [];
  const answer = await vscode.window.showErrorMessage(wordsOf(failure), ...actions);
  return answer === again || (answer === setToken && (await token.ask(use)));
}
