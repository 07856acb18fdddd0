import { writeFile } from 'node:fs/promises';
import { compileChatTemplate } from '../../data/chatTemplate';
import type { ChatTemplate } from '../../data/chatTemplate';
import { Failure } from '../../../failure/failure';
import { endIds, openModelTokenizer } from '../../facts/baseModel';
import type { BaseModel } from '../../facts/baseModel';
import type { Tokenizer } from '../../data/tokenizer';
import type { ExportFormat } from './exportFormat';
import { exportNeedsMerge } from './failures';
import { nearPath } from './nearPath';
import { ollamaChat } from './ollamaTemplates';
import type { OllamaChat } from './ollamaTemplates';

/** Model types whose adapters Ollama reads from safetensors files. */
const readsSafetensorsOf: ReadonlySet<string> = new Set(['llama', 'mistral']);

/** For `ollama create`. */
export const ollamaFormat: ExportFormat = {
  purpose: 'a Modelfile for `ollama create`, with the chat template in its words',
  isFolder: false,
  ending: '.Modelfile',
  async write({ base, adapter, folder, name }, target, output) {
    const replaced = adapter.trainables.find(({ baseWeight }) => baseWeight !== undefined);
    if (replaced !== undefined) throw exportNeedsMerge('ollama', `a weight of its own for ${replaced.name}`);
    const modelType = base.model.modelType;
    if (!readsSafetensorsOf.has(modelType)) {
      throw exportNeedsMerge('ollama', `layers of a ${modelType} model, whose adapters Ollama does not read`);
    }
    const chat = await chatOf(base);
    await writeFile(target, modelfile(nearPath(base.folder.path, output), nearPath(folder, output), chat));
    return [`\`ollama create ${ollamaName(name)} -f ${output}\` makes the model.`, ...chat.notes];
  },
};

interface Chat {
  readonly told: OllamaChat | undefined;
  readonly stops: readonly string[];
  readonly notes: readonly string[];
}

async function chatOf(base: BaseModel): Promise<Chat> {
  let tokenizer: Tokenizer;
  try {
    tokenizer = await openModelTokenizer(base);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { told: undefined, stops: [], notes: [] };
  }
  const ends = [...endIds(base, tokenizer)].map((id) => tokenizer.decode([id], { skipSpecialTokens: false }));
  const stops = [...new Set(ends.filter((text) => text !== ''))];
  const source = base.folder.chatTemplate;
  if (source === undefined) {
    return { told: undefined, stops, notes: ['The base model has no chat template: it continues texts.'] };
  }
  const template: ChatTemplate = compileChatTemplate(source, tokenizer.specialTokens);
  const told = ollamaChat(template, tokenizer.specialTokens['bos_token'] ?? '');
  const notes =
    told === undefined
      ? ['Its chat template is of a kind that is not known here: write the TEMPLATE of the Modelfile by hand.']
      : [`Its chat template is ${told.dialect.name}'s; TEMPLATE gives the same text.`];
  return { told, stops: [...new Set([...stops, ...(told?.dialect.stops ?? [])])], notes };
}

function modelfile(base: string, adapter: string, { told, stops }: Chat): string {
  const place = (text: string): string => (/^[./~]/.test(text) ? text : `./${text}`);
  return [
    '# For `ollama create NAME -f FILE`. Paths start at the folder of this file.',
    `FROM ${place(base)}`,
    `ADAPTER ${place(adapter)}`,
    ...(told === undefined ? [] : [`TEMPLATE """${told.dialect.template}"""`]),
    ...(told?.system === undefined ? [] : [`SYSTEM """${told.system}"""`]),
    ...stops.map((stop) => `PARAMETER stop ${JSON.stringify(stop)}`),
    '',
  ].join('\n');
}

function ollamaName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
}
