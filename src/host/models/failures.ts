import { Failure } from '../../failure/failure';

/** The window is in Restricted Mode. */
export function downloadNotTrusted(): Failure {
  return new Failure('workspace-not-trusted', 'This window is in Restricted Mode, so nothing is downloaded here.', {
    hint: 'Trust this folder if you know who wrote what is in it, or download from a window without a folder.',
  });
}
