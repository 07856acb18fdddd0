import { count, placeWords } from './dataChecks';
import type { RecipeDraft } from './draft';
import type { ModelFacts, TokenFacts } from './facts';
import { preferred, removeKey, setValue, type Fix } from './fix';
import { check, type Finding, type RecipeCheck } from './recipeCheck';

const pathOfData = ['dataset', 'path'];
const pathOfLength = ['dataset', 'max_length'];
const pathOfTemplate = ['dataset', 'template'];

/** Rows that have something to learn, all of it behind the cut. */
function cutAway({ supervised, neededLengths, maxLength }: TokenFacts): number {
  return supervised.filter((tokens, i) => tokens === 0 && (neededLengths[i] ?? 0) > maxLength).length;
}

/** Room for 99 of 100 rows, rounded up to what people write. */
function roomyLength({ lengths }: TokenFacts, { contextLength }: ModelFacts): number {
  const sorted = lengths.toSorted((a, b) => a - b);
  const needed = sorted[Math.min(sorted.length - 1, Math.floor(0.99 * sorted.length))] ?? 0;
  return Math.min(contextLength, Math.ceil(needed / 64) * 64);
}

function longerRows(tokens: TokenFacts, model: ModelFacts): readonly Fix[] {
  const length = roomyLength(tokens, model);
  return length <= tokens.maxLength ? [] : [preferred(setValue(pathOfLength, length, `Set "max_length" to ${length}`))];
}

function percent(share: number): string {
  return `${share < 0.1 ? (100 * share).toFixed(1).replace(/\.0$/, '') : Math.round(100 * share)} %`;
}

/** The key that is written, so that the problem underlines what the user can see. */
function lengthOrData({ dataset }: RecipeDraft): Finding['path'] {
  return (dataset?.max_length ?? null) === null ? pathOfData : pathOfLength;
}

function nothingLearnt(draft: RecipeDraft, tokens: TokenFacts, model: ModelFacts): readonly Finding[] {
  if (!tokens.isWhole || tokens.rows === 0 || tokens.supervised.some((supervised) => supervised > 0)) return [];
  const cut = cutAway(tokens);
  const because =
    cut > 0
      ? `${count(cut, 'row')} reached max_length (${tokens.maxLength} tokens) before anything to learn began. Raise dataset.max_length, or shorten the prompts; \`lora tokens\` shows what the model sees`
      : 'no row has a completion or an assistant turn with text in it. Check dataset.columns with `lora tokens`, or set dataset.completion_only_loss to false to learn every token';
  const message = `There is nothing to learn in any of the ${count(tokens.rows, 'row')}: ${because}.`;
  const everything = setValue(['dataset', 'completion_only_loss'], false, 'Learn every token');
  return [{ path: lengthOrData(draft), message, fixes: cut > 0 ? longerRows(tokens, model) : [everything] }];
}

function rowsCutAway(draft: RecipeDraft, tokens: TokenFacts, model: ModelFacts): readonly Finding[] {
  const share = cutAway(tokens) / Math.max(1, tokens.rows);
  const isAll = tokens.supervised.every((supervised) => supervised === 0);
  if (share < 0.01 || (isAll && tokens.isWhole)) return [];
  const message = `In ${percent(share)} of the rows everything that would be learnt lies beyond max_length (${tokens.maxLength} tokens), and training leaves them out. Raise dataset.max_length or shorten the prompts.`;
  return [{ path: lengthOrData(draft), message, fixes: longerRows(tokens, model) }];
}

function rowsCutOff(draft: RecipeDraft, tokens: TokenFacts, model: ModelFacts): readonly Finding[] {
  const long = tokens.lengths.filter((length, i) => length > tokens.maxLength && tokens.supervised[i]! > 0).length;
  const share = long / Math.max(1, tokens.rows);
  if (share < 0.1) return [];
  const message = `${percent(share)} of the rows are longer than max_length (${tokens.maxLength} tokens): their ends, and with them where to stop, are not learnt.`;
  return [{ path: lengthOrData(draft), message, fixes: longerRows(tokens, model) }];
}

/** Rules about rows as the model will see them. */
export const tokenChecks: readonly RecipeCheck[] = [
  check({
    // unsloth#2900
    code: 'dataset-all-masked',
    severity: 'error',
    kind: 'T',
    title: 'Nothing to learn in any row',
    needs: ['tokens', 'model'],
    run: (draft, { tokens, model }) => nothingLearnt(draft, tokens, model),
  }),
  check({
    // trl#6668
    code: 'rows-cut-away',
    severity: 'warning',
    kind: 'T',
    title: 'Rows whose answers lie beyond `max_length`',
    needs: ['tokens', 'model'],
    run: (draft, { tokens, model }) => rowsCutAway(draft, tokens, model),
  }),
  check({
    code: 'rows-cut-off',
    severity: 'info',
    kind: 'T',
    title: 'Rows whose ends lie beyond `max_length`',
    needs: ['tokens', 'model'],
    run: (draft, { tokens, model }) => rowsCutOff(draft, tokens, model),
  }),
  check({
    // OpenRLHF#393
    code: 'double-bos',
    severity: 'error',
    kind: 'T',
    title: 'Rows that begin with the first token twice',
    needs: ['tokens'],
    run({ dataset }, { tokens }) {
      const [first] = tokens.doubleBos;
      if (first === undefined) return [];
      const hasTemplate = (dataset?.template ?? null) !== null;
      const where = hasTemplate ? 'Take it out of dataset.template' : 'Take it out of the texts';
      const message = `The tokenizer begins every row with its first token, and ${placeWords(first)} of ${fileName(first.file)} has it a second time. The model would learn to begin with two of them. ${where}.`;
      return [{ path: hasTemplate ? pathOfTemplate : pathOfData, message }];
    },
  }),
  check({
    // trl#734
    code: 'end-token-split',
    severity: 'error',
    kind: 'T',
    title: 'The end token is not one token',
    needs: ['tokens'],
    run(_, { tokens }) {
      const { endToken, endTokenIds, completeRows, endedRows } = tokens;
      if (endToken === null || endTokenIds <= 1 || completeRows === 0 || endedRows > 0) return [];
      const message = `The tokenizer names ${JSON.stringify(endToken)} as its end token, but takes it apart into ${endTokenIds}: the model would learn to write these letters and never to stop. Correct eos_token in the model's tokenizer_config.json.`;
      return [{ path: ['base_model'], message }];
    },
  }),
  check({
    code: 'end-token-unknown',
    severity: 'warning',
    kind: 'T',
    title: 'The tokenizer has no end token',
    needs: ['tokens'],
    run(_, { tokens }) {
      if (tokens.endToken !== null || tokens.completeRows === 0 || tokens.endedRows > 0) return [];
      const message =
        'The tokenizer of this model has no end token, so that the model cannot learn where an answer ends. Name one as eos_token in its tokenizer_config.json.';
      return [{ path: ['base_model'], message }];
    },
  }),
  check({
    // trl#976, unsloth#416
    code: 'end-token-not-learnt',
    severity: 'warning',
    kind: 'T',
    title: 'No row teaches where an answer ends',
    needs: ['tokens'],
    run({ dataset }, { tokens }) {
      const { completeRows, endedRows, endToken, endTokenIds } = tokens;
      if (completeRows === 0 || endedRows > 0 || endToken === null || endTokenIds > 1) return [];
      const isOwn = tokens.template === 'recipe' && (dataset?.template ?? null) !== null;
      const where = isOwn ? 'dataset.template' : "the model's chat template";
      const message = `No row ends with a token that says stop, so that the trained model goes on and on. Let ${where} write ${JSON.stringify(endToken)} after each answer${isOwn ? ', as {{ eos_token }}' : ''}.`;
      return [{ path: isOwn ? pathOfTemplate : pathOfData, message }];
    },
  }),
  check({
    // LlamaFactory#6736
    code: 'template-token-split',
    severity: 'error',
    kind: 'T',
    title: 'A template of another family',
    needs: ['tokens'],
    run({ dataset }, { tokens }) {
      const [first] = tokens.splitTokens;
      if (first === undefined) return [];
      const within = dataset?.template?.indexOf(first.text);
      const message = `${JSON.stringify(first.text)} is no token of this model: it would be read as ${first.ids} pieces of text. The template belongs to another family of models. Without dataset.template the model's own is used.`;
      const fixes = [removeKey(pathOfTemplate, "Use the model's own template")];
      return [{ path: pathOfTemplate, message, fixes, ...(within === undefined || within < 0 ? {} : { within }) }];
    },
  }),
  check({
    // LlamaFactory#5593
    code: 'template-token-untrained',
    severity: 'warning',
    kind: 'T',
    title: 'Control tokens that this model never learnt',
    needs: ['tokens'],
    run({ dataset }, { tokens }) {
      if (tokens.untrainedTokens.length === 0) return [];
      const names = tokens.untrainedTokens.map(({ text }) => text).join(', ');
      const message = `The rows are written with ${names}, which this model has never seen in training: its embedding is still empty there, and an adapter can hardly fill it. Use the chat version of the model (often named "-Instruct"), or a dataset.template without these tokens.`;
      return [{ path: (dataset?.template ?? null) === null ? ['base_model'] : pathOfTemplate, message }];
    },
  }),
  check({
    code: 'token-beyond-vocabulary',
    severity: 'error',
    kind: 'T',
    title: 'Tokens for which the model has no embedding',
    needs: ['tokens', 'model'],
    run(_, { tokens, model }) {
      const [first] = tokens.beyondVocabulary;
      if (first === undefined) return [];
      const message = `${fileName(first.file)} has tokens in ${placeWords(first)} that this model has no embedding for: its tokenizer knows ${count(tokens.tokenizerSize, 'token')}, the model only ${model.vocabSize.toLocaleString('en-US')}. Use the tokenizer that belongs to the model.`;
      return [{ path: ['base_model'], message }];
    },
  }),
  check({
    // peft#2415
    code: 'vocabulary-grown',
    severity: 'warning',
    kind: 'T',
    title: 'The tokenizer knows more tokens than the model',
    needs: ['tokens', 'model'],
    run(_, { tokens, model }) {
      if (tokens.tokenizerSize <= model.vocabSize || tokens.beyondVocabulary.length > 0) return [];
      const message = `The tokenizer knows ${count(tokens.tokenizerSize, 'token')}, the model only ${model.vocabSize.toLocaleString('en-US')}. None of the others was met in the rows looked at; one in a prompt would fail. Use the tokenizer that belongs to the model.`;
      return [{ path: ['base_model'], message }];
    },
  }),
];

function fileName(file: string): string {
  return file.split(/[/\\]/).at(-1) ?? file;
}
