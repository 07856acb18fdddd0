import path from 'node:path';
import type { PlaygroundModel } from '../../../run/playground';
import { modelWords } from '../describeModels';
import type { TextModel } from '../textModel';

/** What people are told of the model in the playground. */
export function describePlayground({ base }: TextModel): PlaygroundModel {
  return {
    path: base.folder.path,
    name: nameOf(base.folder.path),
    words: modelWords(base.model),
    knowsChat: base.folder.chatTemplate !== undefined,
  };
}

/** The folder's name, or the id of a model in the hub's cache, whose folder is called after a revision. */
function nameOf(folder: string): string {
  const cached = /[\\/]models--([^\\/]+)[\\/]snapshots[\\/][^\\/]+$/.exec(folder);
  return cached === null ? path.basename(folder) : cached[1]!.replace('--', '/');
}
