import type { PlaygroundModel } from '../../../run/playground';
import { modelFolderName } from '../../formats/hubCache';
import { modelWords } from '../describeModels';
import type { TextModel } from '../textModel';

/** What people are told of the model in the playground. */
export function describePlayground({ base }: TextModel): PlaygroundModel {
  return {
    path: base.folder.path,
    name: modelFolderName(base.folder.path),
    words: modelWords(base.model),
    knowsChat: base.folder.chatTemplate !== undefined,
  };
}
