import type { SeenToken, TokensRow } from '../../run/answers';
import { numberOption } from '../arguments';
import { printJson, type Command } from '../command';
import { loadRecipe, setOption } from '../loadRecipe';
import type { Terminal } from '../terminal';

export const tokensCommand: Command = {
  name: 'tokens',
  summary: 'What the model will see: each token, and which ones it learns',
  arguments: [{ name: 'RECIPE', isRequired: true }],
  options: {
    rows: { type: 'text', value: 'N', description: 'How many rows of the training file, from its start (default 3).' },
    ...setOption,
  },
  stopsWhenAsked: false,
  async run(input, context) {
    const count = numberOption(input, 'rows', { min: 1, isWhole: true }, 3);
    const recipe = await loadRecipe(input, context);
    const rows = await (await context.engine()).tokens(recipe, count);
    if (context.isJson) printJson(context, rows);
    else for (const line of rows.flatMap((row) => rowLines(row, context.stdout))) context.stdout.line(line);
    return 0;
  },
};

function rowLines(row: TokensRow, terminal: Terminal): readonly string[] {
  const learnt = row.tokens.filter((token) => token.supervised).length;
  const share = learnt === 0 ? 'none of them learnt: training leaves this row out' : `${learnt} of them learnt`;
  const title = `row ${row.row}: ${row.tokens.length} tokens, ${share}`;
  const text = row.tokens.map((token) => tokenText(token, terminal)).join(terminal.paint('dim', '|'));
  return [terminal.paint('bold', title), text, ''];
}

/** Line breaks and other characters that cannot be seen as JSON writes them; what is learnt green or in «». */
function tokenText({ text, supervised }: SeenToken, terminal: Terminal): string {
  const visible = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  if (!supervised) return visible;
  return terminal.hasColour ? terminal.paint('green', visible) : `«${visible}»`;
}
