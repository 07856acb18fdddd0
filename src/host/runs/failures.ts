import { Failure } from '../../failure/failure';

/** What a run said while it trained cannot be read. */
export function runUnreadable(file: string, cause: unknown): Failure {
  return new Failure('run-unreadable', 'The numbers of this run cannot be read.', {
    hint: 'The run may have been deleted, or it ended before its first step.',
    place: { file },
    cause,
  });
}

/** The window is in Restricted Mode; `done` is what is not done. */
export function workspaceNotTrusted(done = 'trained'): Failure {
  return new Failure('workspace-not-trusted', `This window is in Restricted Mode, so nothing is ${done} here.`, {
    hint: 'A recipe can name any model and data on this computer: trust this folder if you know who wrote what is in it.',
  });
}
