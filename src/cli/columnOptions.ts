import type { CommandInput, OptionSpec } from './command';
import { wrongUsage } from './failures';

/** Options of the commands that read a dataset whose columns may have names of their own. */
export const columnOptions: Readonly<Record<string, OptionSpec>> = {
  'prompt-column': { type: 'text', value: 'NAME', description: 'The column that holds the question.' },
  'completion-column': { type: 'text', value: 'NAME', description: 'The column that holds the answer to learn.' },
  'text-column': {
    type: 'text',
    value: 'NAME',
    description: 'Instead of both: the column that holds all of the text.',
  },
};

/** Role → column, where the options say so. @throws Failure `wrong-usage` where they contradict each other */
export function givenColumns(input: CommandInput): Readonly<Record<string, string>> | undefined {
  const [prompt, completion, text] = ['prompt', 'completion', 'text'].map((role) => input.text(`${role}-column`));
  if ((prompt === undefined) !== (completion === undefined)) {
    throw wrongUsage('--prompt-column and --completion-column belong together: give both.');
  }
  if (text !== undefined && prompt !== undefined) {
    throw wrongUsage('--text-column stands for all of a row: give it alone, or the two others.');
  }
  const pair = prompt === undefined || completion === undefined ? undefined : { prompt, completion };
  return text === undefined ? pair : { text };
}
