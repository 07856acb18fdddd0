import type { RecipeDraft } from './draft';
import { isUnread, type DataFacts, type RowPlace } from './facts';
import { preferred, setValue } from './fix';
import { recipeDefaults } from './recipe.generated';
import { check, type Finding, type RecipeCheck } from './recipeCheck';
import type { JsonPath } from './schema';

/** Fewer rows teach a manner at best, and leave nothing to measure with. */
const fewRows = 20;
/** From so many passes over so few rows on a model knows them by heart. */
const manyPasses = { epochs: 10, rows: 1000 };

/** A file with its line for messages; only the line where the file is marked anyway. */
export function placeWords({ row, line }: RowPlace): string {
  return line !== undefined ? `line ${line}` : row < 0 ? 'a row' : `row ${row + 1}`;
}

export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

function emptyRows(
  { file, emptyRows: places, emptyRowCount, scannedRows, shape }: DataFacts,
  path: JsonPath,
): readonly Finding[] {
  const [first] = places;
  if (first === undefined) return [];
  const format = isUnread(shape) ? 'auto' : shape.format;
  const isChat = format === 'messages' || format === 'sharegpt';
  // Then nothing is learnt at all, and `dataset-all-masked` says so.
  if (isChat && emptyRowCount === scannedRows) return [];
  const what = isChat
    ? 'Nobody answers in this conversation, so that nothing is learnt from it.'
    : `The ${format === 'text' ? 'text' : 'answer'} is empty, so that this row teaches only to stop at once.`;
  const all = emptyRowCount === 1 ? '' : ` So it is in ${emptyRowCount} of the first ${count(scannedRows, 'row')}.`;
  const message = `${what}${all} Fill it in, or delete the row.`;
  if (first.line === undefined) return [{ path, message: `${capital(placeWords(first))}: ${message}` }];
  return [{ path, message, place: { file, line: first.line } }];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Optimizer steps of an epoch, when every row is one. With packing there are fewer. */
function stepsPerEpoch({ training }: RecipeDraft, rows: number): number {
  const { per_device_train_batch_size: batch, gradient_accumulation_steps: accumulation } = {
    ...recipeDefaults.training,
    ...training,
  };
  return Math.max(1, Math.ceil(rows / (batch * accumulation)));
}

/** Rules about the files that a recipe learns from. */
export const dataChecks: readonly RecipeCheck[] = [
  check({
    // foundry-dev-tools#221
    code: 'few-rows',
    severity: 'warning',
    title: 'Hardly any rows to learn from',
    needs: ['data'],
    run(draft, { data }) {
      // What fits no shape was perhaps never meant as rows.
      if (!data.rowsAreExact || data.rows >= fewRows || isUnread(data.shape)) return [];
      const steps = stepsPerEpoch(draft, data.rows);
      const message = `The dataset has ${count(data.rows, 'row')}, which is ${count(steps, 'step')} for each pass at most. A model learns a manner from some hundred rows; from fewer than ${fewRows} it only repeats them.`;
      return [{ path: ['dataset', 'path'], message }];
    },
  }),
  check({
    // zero_nlp#88
    code: 'many-epochs',
    severity: 'warning',
    title: 'Many passes over few rows',
    needs: ['data'],
    run({ training, method }, { data }) {
      const { num_train_epochs: epochs, max_steps: steps } = { ...recipeDefaults.training, ...training };
      const watches = (training?.early_stopping_patience ?? null) !== null || training?.load_best_model_at_end === true;
      if (method === 'full' || steps > 0 || watches || epochs < manyPasses.epochs || data.rows > manyPasses.rows)
        return [];
      const message = `${epochs} passes over ${count(data.rows, 'row')}: the model will know them by heart and get worse at everything else. 2 to 5 are usual; with \`load_best_model_at_end\` the best state is kept instead of the last one.`;
      return [
        {
          path: ['training', 'num_train_epochs'],
          message,
          fixes: [
            preferred(setValue(['training', 'load_best_model_at_end'], true, 'Keep the best state')),
            setValue(['training', 'num_train_epochs'], recipeDefaults.training.num_train_epochs, 'Use 3 passes'),
            setValue(['training', 'early_stopping_patience'], 3, 'Stop early'),
          ],
        },
      ];
    },
  }),
  check({
    code: 'empty-answer',
    severity: 'warning',
    title: 'Rows with nothing to learn in them',
    needs: ['data'],
    run: (_, { data }) => emptyRows(data, ['dataset', 'path']),
  }),
  check({
    code: 'empty-answer-in-evaluation',
    severity: 'warning',
    title: 'Evaluation rows with nothing to measure in them',
    needs: ['evalData'],
    run: (_, { evalData }) => emptyRows(evalData, ['dataset', 'eval_path']),
  }),
];
