import type { RecipeDraft } from '../../recipe/draft';
import type { ModelFacts, PatternFacts, PatternKey, PatternMatch } from '../../recipe/facts';
import { pathsOf } from '../../recipe/moduleNames';
import { translatePatternKey, translatePythonPattern } from '../../recipe/pythonRegex';
import { tooSlow, withTimeLimit } from '../data/timeLimit';

/** Milliseconds for one pattern on all modules; a sound one takes less than one. */
const patternTime = 100;

/** Tries the regular expressions of a recipe on a model's modules. Patterns that cannot be translated are left out. */
export function patternFacts({ lora }: RecipeDraft, model: ModelFacts): PatternFacts {
  const paths = pathsOf(model);
  const wholes = (['target_modules', 'exclude_modules'] as const).flatMap((key) => {
    const pattern = lora?.[key];
    if (typeof pattern !== 'string' || (key === 'target_modules' && pattern === 'all-linear')) return [];
    return [{ key, pattern, translated: translatePythonPattern(pattern) }];
  });
  const tables = (['rank_pattern', 'alpha_pattern'] as const).flatMap((key) =>
    Object.keys(lora?.[key] ?? {}).map((pattern) => ({ key, pattern, translated: translatePatternKey(pattern) })),
  );
  const matches = [...wholes, ...tables].flatMap(({ key, pattern, translated }) =>
    'regex' in translated ? [matchOf(key, pattern, translated.regex, paths)] : [],
  );
  return { matches };
}

function matchOf(key: PatternKey, pattern: string, regex: RegExp, paths: readonly string[]): PatternMatch {
  const matched = withTimeLimit(patternTime, () => paths.filter((path) => regex.test(path)));
  return { key, pattern, paths: matched === tooSlow ? 'too-slow' : matched };
}
