import { translatePatternKey, translatePythonPattern } from '../../recipe/pythonRegex';
import type { TranslatedPattern } from '../../recipe/pythonRegex';
import type { ResolvedLora, ResolvedRecipe } from '../../recipe/recipe.generated';
import { Failure } from '../../failure/failure';
import type { DatasetOptions, RowFormat } from '../data/dataset';
import type { InitLoraWeights, LoraOptions, ModulePattern, PatternValue } from '../lora/adapter';

/** The recipe's `lora` section as flat options. Throws a Failure for a pattern that cannot be translated. */
export function loraOptions(lora: ResolvedLora): LoraOptions {
  const { target_modules: targets, exclude_modules: excluded } = lora;
  return {
    r: lora.r,
    loraAlpha: lora.lora_alpha,
    loraDropout: lora.lora_dropout,
    targetModules:
      targets === null
        ? undefined
        : targets === 'all-linear'
          ? targets
          : typeof targets === 'string'
            ? pattern(targets, 'lora.target_modules')
            : targets,
    excludeModules: typeof excluded === 'string' ? pattern(excluded, 'lora.exclude_modules') : excluded,
    bias: lora.bias,
    useRslora: lora.use_rslora,
    rankPattern: patternValues(lora.rank_pattern, 'lora.rank_pattern'),
    alphaPattern: patternValues(lora.alpha_pattern, 'lora.alpha_pattern'),
    layersToTransform: lora.layers_to_transform,
    modulesToSave: lora.modules_to_save,
    initLoraWeights: lora.init_lora_weights as InitLoraWeights,
  };
}

/** How the recipe reads the rows of its training file, or of its evaluation rows. */
export function datasetOptions(
  { dataset, training }: ResolvedRecipe,
  part: 'train' | 'eval',
  paths: { readonly train: string; readonly eval: string | undefined },
  maxLength: number,
): DatasetOptions {
  const separate = part === 'eval' && paths.eval !== undefined;
  return {
    path: separate ? paths.eval : paths.train,
    format: dataset.format as 'auto' | RowFormat,
    columns: dataset.columns,
    ...(dataset.template === null ? {} : { template: dataset.template }),
    maxLength,
    completionOnlyLoss: dataset.completion_only_loss,
    seed: training.seed,
    // Rows to measure with are mixed once and for all, so that the first ones stand for all of them.
    shuffle: part === 'eval' || dataset.shuffle,
    evalSplit: paths.eval === undefined ? dataset.eval_split : 0,
    part: separate ? 'train' : part,
  };
}

/** The entries of `rank_pattern` or `alpha_pattern`; `place` is their path. Throws a Failure. */
export function patternValues(patterns: Readonly<Record<string, number>>, place: string): PatternValue[] {
  return Object.entries(patterns).map(([key, value]) => ({
    pattern: key,
    regex: orRefuse(translatePatternKey(key), key, `${place}.${key}`),
    value,
  }));
}

function pattern(source: string, place: string): ModulePattern {
  return { pattern: source, regex: accepted(source, place) };
}

/** A pattern of whole module paths. Throws a Failure where it cannot be translated from Python. */
export function accepted(source: string, place: string): RegExp {
  return orRefuse(translatePythonPattern(source), source, place);
}

function orRefuse(translated: TranslatedPattern, source: string, place: string): RegExp {
  if ('regex' in translated) return translated.regex;
  throw new Failure('pattern-invalid', `The pattern "${source}" cannot be used: ${translated.refusal.message}`, {
    place: { path: place },
  });
}
