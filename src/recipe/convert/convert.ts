import { parseRecipe } from '../parse';
import type { Problem } from '../problem';
import { schemaAt } from '../schema';
import { toolNames, type Conversion, type Tool } from './conversion';
import { readSource } from './detect';
import { recipeText, shortValue, type RecipeReader } from './recipeText';
import { isUnset, type Setting, type Source } from './source';
import { axolotlRules, finishAxolotl } from './tools/axolotl';
import { finishLlamaFactory, llamaFactoryRules } from './tools/llamaFactory';
import { finishMlx, mlxRules } from './tools/mlx';
import { finishPeft, loraRules } from './tools/peft';
import { finishPython, isHandedOn, pythonRules } from './tools/python';
import { finishTrl, trlRules } from './tools/trl';
import { Translation, type Rule, type Rules } from './translation';

interface ToolTranslation {
  readonly rules: Rules;
  /** Writes what the tool does where its settings are silent, as far as a recipe would do something else. */
  readonly finish: (translation: Translation, calls: ReadonlySet<string>) => void;
}

const tools: Readonly<Record<Tool, ToolTranslation>> = {
  peft: { rules: loraRules, finish: finishPeft },
  axolotl: { rules: axolotlRules, finish: finishAxolotl },
  'llama-factory': { rules: llamaFactoryRules, finish: finishLlamaFactory },
  trl: { rules: trlRules, finish: finishTrl },
  'mlx-lm': { rules: mlxRules, finish: finishMlx },
  python: { rules: pythonRules, finish: finishPython },
};

/** Problems of single values, which go when the value does. The others are left for people to decide. */
const refusals: ReadonlySet<string> = new Set([
  'wrong-type',
  'unknown-value',
  'out-of-range',
  'empty-value',
  'not-built-yet',
  'no-steps',
  'early-stopping-without-evaluation',
  'best-model-without-evaluation',
]);

export interface ConvertOptions {
  /** What the text's file is called, for the recipe's first line. */
  readonly fileName?: string;
  /** Where the recipe is going to be read: which tools its first lines speak of. */
  readonly readIn: RecipeReader;
}

/**
 * Turns settings of another training tool into a recipe that trains the same as far as it can be said here. Pure: nothing in
 * the text is run, no file is looked at. Never throws for what a text holds.
 */
export function convertToRecipe(text: string, options: ConvertOptions): Conversion {
  const source = readSource(text);
  const { tool } = source;
  if (tool === undefined) return notConverted(source);
  const translation = translate(tool, source.settings);
  if (translation.kept.length === 0) {
    const message = `No setting of ${toolNames[tool]} in this text can be taken over.`;
    return {
      ...notConverted({ ...source, problems: [...source.problems, { line: 1, message }] }),
      dropped: translation.dropped,
    };
  }
  const write = (): string => recipeText(translation, { tool, ...options });
  const checks = settle(translation, write);
  const { kept, dropped, implied, toFill } = translation;
  return { tool, recipe: write(), kept, dropped, implied, toFill, problems: source.problems, checks };
}

/** Whether a text holds settings that `convertToRecipe` can read. */
export function isConvertible(text: string): boolean {
  return readSource(text).tool !== undefined;
}

function notConverted({ tool, problems }: Source): Conversion {
  return { tool, recipe: undefined, kept: [], dropped: [], implied: [], toFill: [], problems, checks: [] };
}

function translate(tool: Tool, settings: readonly Setting[]): Translation {
  const { rules, finish } = tools[tool];
  const translation = new Translation(settings);
  const name = toolNames[tool];
  for (const setting of settings) {
    const rule = Object.hasOwn(rules, setting.name) ? rules[setting.name] : undefined;
    if (isUnset(setting.value) || isHandedOn(setting)) translation.imply(setting);
    else if (setting.isComputed === true) dropComputed(setting, rule, translation);
    else if (rule === undefined)
      translation.drop(setting, `${name} is not known to have such a setting.`, 'Look it up in docs/recipe.md.');
    else applyRule(rule, setting, translation);
  }
  finish(translation, new Set(settings.map(({ name }) => name.split('.')[0]!)));
  if (!translation.written.has('base_model'))
    translation.leaveToFill('base_model', './models/base-model', 'the model is not named.');
  if (!translation.written.has('dataset.path'))
    translation.leaveToFill('dataset.path', 'data/train.jsonl', 'the dataset is not named.');
  return translation;
}

/** A table whose rule found none of its settings would otherwise be passed over in silence. */
function applyRule(rule: Rule, setting: Setting, translation: Translation): void {
  const before = translation.answers;
  rule(setting, translation);
  if (translation.answers > before) return;
  if (['{}', '[]'].includes(JSON.stringify(setting.value))) translation.imply(setting);
  else translation.drop(setting, 'It holds none of the settings that belong there.');
}

/** Where a recipe has the setting's key, its default stands there until people write what the script would compute. */
function dropComputed(setting: Setting, rule: Rule | undefined, translation: Translation): void {
  translation.drop(setting, 'Its value is computed when the script runs.', 'Write the value into the recipe.');
  const trial = new Translation([]);
  rule?.(setting, trial);
  const to = trial.kept[0]?.to;
  const usual = to === undefined ? undefined : schemaAt(to)?.schema.default;
  if (to === undefined || usual === undefined || usual === null || translation.written.has(to)) return;
  translation.leaveToFill(to, usual, `\`${setting.key}\` is computed by the script (${shortValue(setting.value)}).`);
}

/** Takes back values that the recipe's checks refuse, saying why; returns what they say of the rest. */
function settle(translation: Translation, write: () => string): readonly Problem[] {
  for (;;) {
    const { problems } = parseRecipe(write());
    const refused = problems.find(
      ({ code, path }) => refusals.has(code) && writtenKey(translation, path) !== undefined,
    );
    if (refused === undefined) return problems;
    translation.refuse(writtenKey(translation, refused.path)!, refused.message);
  }
}

/** `lora.target_modules` for a problem at `lora.target_modules[1]`. */
function writtenKey(translation: Translation, path: string): string | undefined {
  return [...translation.written.keys()].find(
    (key) => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`),
  );
}
