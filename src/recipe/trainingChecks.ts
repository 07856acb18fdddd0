import type { RecipeDraft } from './draft';
import { preferred, removeKey, setValue, type Fix } from './fix';
import { recipeDefaults } from './recipe.generated';
import { check, type Finding, type RecipeCheck } from './recipeCheck';

type Path = readonly (string | number)[];

function one(path: Path, message: string, ...fixes: readonly Fix[]): readonly Finding[] {
  return [{ path, message, fixes }];
}

function hasEvaluation({ dataset }: RecipeDraft): boolean {
  const path = dataset?.eval_path ?? null;
  return path !== null || (dataset?.eval_split ?? recipeDefaults.dataset.eval_split) > 0;
}

/** `lora_alpha / r`, with rsLoRA `lora_alpha / sqrt(r)`: what the adapter's output is multiplied by. */
function scaleOf({ lora }: RecipeDraft): number {
  const r = lora?.r ?? recipeDefaults.lora.r;
  return (lora?.lora_alpha ?? recipeDefaults.lora.lora_alpha) / (lora?.use_rslora === true ? Math.sqrt(r) : r);
}

/** The path of the key that is written, so that the problem underlines what the user can see. */
function writtenKey({ lora }: RecipeDraft, ...keys: readonly (keyof NonNullable<RecipeDraft['lora']>)[]): Path {
  const written = keys.find((key) => lora?.[key] !== undefined);
  return written === undefined ? ['lora'] : ['lora', written];
}

/** A strength of 2. */
function usualAlpha({ lora }: RecipeDraft): Fix {
  const r = lora?.r ?? recipeDefaults.lora.r;
  const alpha = Math.round(2 * (lora?.use_rslora === true ? Math.sqrt(r) : r));
  return preferred(setValue(['lora', 'lora_alpha'], alpha, `Set "lora_alpha" to ${alpha}`));
}

/** Three digits, without an exponent where it can be avoided. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

const someEvaluation = preferred(setValue(['dataset', 'eval_split'], 0.05, 'Set 5 % of the rows aside for evaluation'));

const needsEvaluation = 'Set `dataset.eval_split` to 0.05, or name a file in `dataset.eval_path`.';

/** Rules about how the adapter is shaped and trained. */
export const trainingChecks: readonly RecipeCheck[] = [
  check({
    code: 'warmup-twice',
    severity: 'error',
    title: 'The warm-up is given twice',
    run({ training }) {
      const steps = training?.warmup_steps ?? 0;
      const ratio = training?.warmup_ratio ?? 0;
      if (steps === 0 || ratio === 0) return [];
      return one(
        ['training', 'warmup_steps'],
        '`warmup_steps` and `warmup_ratio` say the same thing in two ways. Delete one of them.',
        // The steps win, in Transformers too.
        preferred(removeKey(['training', 'warmup_ratio'])),
        removeKey(['training', 'warmup_steps']),
      );
    },
  }),
  check({
    code: 'warmup-without-effect',
    severity: 'warning',
    title: 'A warm-up that the schedule does not have',
    run({ training }) {
      if (training?.lr_scheduler_type !== 'constant') return [];
      if ((training.warmup_steps ?? 0) === 0 && (training.warmup_ratio ?? 0) === 0) return [];
      const key = (training.warmup_steps ?? 0) > 0 ? 'warmup_steps' : 'warmup_ratio';
      return one(
        ['training', key],
        'The schedule "constant" has no warm-up, so that this has no effect. Use "constant_with_warmup".',
        preferred(
          setValue(
            ['training', 'lr_scheduler_type'],
            'constant_with_warmup',
            'Use the schedule "constant_with_warmup"',
          ),
        ),
        removeKey(['training', key]),
      );
    },
  }),
  check({
    code: 'early-stopping-without-evaluation',
    severity: 'error',
    title: 'Early stopping without anything to watch',
    run(draft) {
      if ((draft.training?.early_stopping_patience ?? null) === null || hasEvaluation(draft)) return [];
      return one(
        ['training', 'early_stopping_patience'],
        `Early stopping watches the evaluation loss, and this recipe has no evaluation set. ${needsEvaluation}`,
        someEvaluation,
        removeKey(['training', 'early_stopping_patience']),
      );
    },
  }),
  check({
    code: 'best-model-without-evaluation',
    severity: 'error',
    title: 'The best adapter cannot be found without an evaluation',
    run(draft) {
      if (draft.training?.load_best_model_at_end !== true || hasEvaluation(draft)) return [];
      return one(
        ['training', 'load_best_model_at_end'],
        `The best adapter is the one with the lowest evaluation loss, and this recipe has no evaluation set. ${needsEvaluation}`,
        someEvaluation,
        removeKey(['training', 'load_best_model_at_end']),
      );
    },
  }),
  check({
    code: 'best-model-never-saved',
    severity: 'error',
    title: 'Adapters are measured at other steps than they are saved',
    run({ training }) {
      if (training?.load_best_model_at_end !== true) return [];
      const save = training.save_steps ?? recipeDefaults.training.save_steps;
      const evaluate = training.eval_steps ?? recipeDefaults.training.eval_steps;
      if (save % evaluate === 0) return [];
      const multiple = evaluate * Math.max(1, Math.round(save / evaluate));
      return one(
        ['training', training.save_steps === undefined ? 'eval_steps' : 'save_steps'],
        `The best adapter can only be kept where it is both measured and saved: \`save_steps\` (${save}) must be a multiple of \`eval_steps\` (${evaluate}).`,
        preferred(setValue(['training', 'save_steps'], multiple, `Set "save_steps" to ${multiple}`)),
      );
    },
  }),
  check({
    code: 'no-steps',
    severity: 'error',
    title: 'A run of 0 steps',
    run: ({ training }) =>
      training?.max_steps === 0
        ? one(
            ['training', 'max_steps'],
            '0 steps train nothing. Use -1 for no limit.',
            preferred(setValue(['training', 'max_steps'], -1, 'Set no limit')),
          )
        : [],
  }),
  check({
    code: 'unusual-alpha',
    severity: 'warning',
    title: 'The adapter is far weaker or stronger than usual',
    run(draft) {
      const scale = scaleOf(draft);
      if (draft.method === 'full' || (scale >= 0.25 && scale <= 8)) return [];
      const formula = draft.lora?.use_rslora === true ? 'lora_alpha / sqrt(r)' : 'lora_alpha / r';
      const effect = scale < 0.25 ? 'hardly counts' : 'is so strong that training often becomes unstable';
      return one(
        writtenKey(draft, 'lora_alpha', 'r'),
        `\`${formula}\` is ${short(scale)}, so that the adapter ${effect}. Usual is 0.25 to 8; twice the rank is a good \`lora_alpha\`.`,
        usualAlpha(draft),
      );
    },
  }),
  check({
    code: 'high-dropout',
    severity: 'warning',
    title: 'Half or more of the adapter’s inputs are switched off',
    run: ({ lora }) =>
      (lora?.lora_dropout ?? 0) >= 0.5
        ? one(
            ['lora', 'lora_dropout'],
            'With half or more of its inputs switched off the adapter learns very slowly. 0 to 0.1 is usual.',
            preferred(setValue(['lora', 'lora_dropout'], 0.05, 'Set "lora_dropout" to 0.05')),
          )
        : [],
  }),
  check({
    code: 'unusual-learning-rate',
    severity: 'warning',
    title: 'The learning rate is far from what works',
    run(draft) {
      const rate = draft.training?.learning_rate ?? recipeDefaults.training.learning_rate;
      const strength = rate * scaleOf(draft);
      if (draft.method === 'full' || (strength >= 1e-6 && strength <= 2e-2)) return [];
      const effect = strength < 1e-6 ? 'hardly anything will be learnt' : 'the loss is likely to jump or become NaN';
      return one(
        draft.training?.learning_rate === undefined
          ? writtenKey(draft, 'lora_alpha', 'r')
          : ['training', 'learning_rate'],
        `A learning rate of ${rate} at an adapter strength of ${short(scaleOf(draft))} is far from what works: ${effect}. 1e-4 to 1e-3 is usual.`,
        ...(scaleOf(draft) >= 0.25 && scaleOf(draft) <= 8
          ? [preferred(setValue(['training', 'learning_rate'], 2e-4, 'Set "learning_rate" to 0.0002'))]
          : [usualAlpha(draft)]),
      );
    },
  }),
  check({
    code: 'lora-without-effect',
    severity: 'info',
    title: 'Adapter settings beside `method: "full"`',
    run: ({ method, lora }) =>
      method === 'full' && lora !== undefined
        ? one(
            ['lora'],
            'With `method: "full"` every weight is trained and these settings are not used.',
            preferred(removeKey(['lora'])),
          )
        : [],
  }),
  check({
    code: 'init-without-effect',
    severity: 'warning',
    title: 'Two ways to start the adapter',
    run({ lora }) {
      if ((lora?.init_from ?? null) === null || (lora?.init_lora_weights ?? true) === true) return [];
      return one(
        ['lora', 'init_lora_weights'],
        'The adapter starts from the one in `init_from`, so that this has no effect. Delete one of the two.',
        preferred(removeKey(['lora', 'init_lora_weights'])),
        removeKey(['lora', 'init_from']),
      );
    },
  }),
];
