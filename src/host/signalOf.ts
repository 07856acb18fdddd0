import type * as vscode from 'vscode';

/** An AbortSignal that is aborted once VS Code's token asks for an end, or has asked before. */
export function signalOf(token: vscode.CancellationToken): AbortSignal {
  const stop = new AbortController();
  token.onCancellationRequested(() => stop.abort());
  if (token.isCancellationRequested) stop.abort();
  return stop.signal;
}
