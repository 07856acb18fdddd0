import type { RecipeDraft } from './draft';
import { deleteEntry, preferred, removeKey, setValue } from './fix';
import { translatePatternKey, translatePythonPattern, type TranslatedPattern } from './pythonRegex';
import { check, type Finding, type RecipeCheck } from './recipeCheck';

type Path = readonly (string | number)[];

/** The lists of module names in a recipe, with their paths. */
function nameLists({ lora }: RecipeDraft): readonly { path: Path; names: readonly string[] }[] {
  const lists = {
    target_modules: lora?.target_modules,
    exclude_modules: lora?.exclude_modules,
    modules_to_save: lora?.modules_to_save,
  };
  return Object.entries(lists).flatMap(([key, names]) =>
    Array.isArray(names) ? [{ path: ['lora', key], names: names as readonly string[] }] : [],
  );
}

/** One pattern that means what the list was meant to: plain names become suffixes, as PEFT reads them in a list. */
function regexInstead(names: readonly string[]): string {
  return JSON.stringify(regexOf(names));
}

function regexOf(names: readonly string[]): string {
  const parts = names.map((name) => (isPlainName(name) ? `(.*\\.)?${name.replaceAll('.', '\\.')}` : name));
  return parts.length === 1 ? parts[0]! : parts.map((part) => `(${part})`).join('|');
}

function isPlainName(name: string): boolean {
  return !/[\\*+?()[\]{}|^$]/.test(name);
}

/** An entry of a list that `regex-in-list` or `all-linear-in-list` speaks of: that it matches nothing follows. */
export function isMisplacedInList(name: string): boolean {
  return name === 'all-linear' || !isPlainName(name);
}

function refusalAt(path: Path, pattern: string, isKey: boolean, translated: TranslatedPattern): readonly Finding[] {
  if ('regex' in translated) return [];
  const { offset, message } = translated.refusal;
  return [
    { path, isKey, within: offset, message: `The pattern ${JSON.stringify(pattern)} cannot be used. ${message}` },
  ];
}

function patternFindings({ lora }: RecipeDraft): readonly Finding[] {
  const wholes = { target_modules: lora?.target_modules, exclude_modules: lora?.exclude_modules };
  const tables = { rank_pattern: lora?.rank_pattern, alpha_pattern: lora?.alpha_pattern };
  return [
    ...Object.entries(wholes).flatMap(([key, pattern]) =>
      typeof pattern === 'string' && pattern !== 'all-linear'
        ? refusalAt(['lora', key], pattern, false, translatePythonPattern(pattern))
        : [],
    ),
    ...Object.entries(tables).flatMap(([table, patterns]) =>
      Object.keys(patterns ?? {}).flatMap((pattern) =>
        refusalAt(['lora', table, pattern], pattern, true, translatePatternKey(pattern)),
      ),
    ),
  ];
}

/** Rules about which modules are meant. */
export const targetChecks: readonly RecipeCheck[] = [
  check({
    // In a list every entry is a plain name, so that PEFT silently matches nothing (peft#1206).
    code: 'regex-in-list',
    severity: 'error',
    title: 'A regular expression in a list of names',
    run: (draft) =>
      nameLists(draft).flatMap(({ path, names }) =>
        names.flatMap((name, at) => {
          if (isPlainName(name)) return [];
          const instead =
            path[1] === 'modules_to_save'
              ? 'Write the plain names.'
              : `Write one text without brackets: ${regexInstead(names)}`;
          const message = `In a list only plain names count, and ${JSON.stringify(name)} is a regular expression. ${instead}`;
          const pattern = preferred(setValue(path, regexOf(names), 'Write one pattern instead of the list'));
          return [{ path: [...path, at], message, fixes: path[1] === 'modules_to_save' ? [] : [pattern] }];
        }),
      ),
  }),
  check({
    code: 'all-linear-in-list',
    severity: 'error',
    title: '`all-linear` in a list of names',
    run: (draft) =>
      nameLists(draft).flatMap(({ path, names }) =>
        names.flatMap((name, at) => {
          if (name !== 'all-linear') return [];
          const message =
            'In a list "all-linear" would be the name of one layer. Write "target_modules": "all-linear".';
          const fix = preferred(setValue(['lora', 'target_modules'], name, 'Write "all-linear" without brackets'));
          return [{ path: [...path, at], message, fixes: path[1] === 'target_modules' ? [fix] : [] }];
        }),
      ),
  }),
  check({
    code: 'invalid-pattern',
    severity: 'error',
    title: 'A regular expression that cannot be used',
    run: patternFindings,
  }),
  check({
    code: 'layers-need-target-list',
    severity: 'error',
    title: '`layers_to_transform` beside a regular expression',
    run({ lora }) {
      if (lora?.layers_to_transform === undefined || lora.layers_to_transform === null) return [];
      if (typeof lora.target_modules !== 'string') return [];
      const message =
        '`layers_to_transform` works only with `target_modules` as a list of names, such as ["q_proj", "v_proj"].';
      const path = ['lora', 'layers_to_transform'];
      return [{ path, message, fixes: [removeKey(path)] }];
    },
  }),
  check({
    code: 'target-also-saved',
    severity: 'warning',
    title: 'A layer both adapted and trained in full',
    run({ lora }) {
      const saved = lora?.modules_to_save ?? [];
      const targets = Array.isArray(lora?.target_modules) ? (lora.target_modules as readonly string[]) : [];
      return targets.flatMap((target, at) => {
        if (!saved.includes(target)) return [];
        const message = `${JSON.stringify(target)} also stands in \`modules_to_save\`: it is trained in full and gets no adapter.`;
        const path = ['lora', 'target_modules', at];
        return [{ path, message, fixes: deleteEntry(targets, path, target).map(preferred) }];
      });
    },
  }),
  check({
    code: 'target-excluded',
    severity: 'warning',
    title: 'A target that is excluded again',
    run({ lora }) {
      const excluded = Array.isArray(lora?.exclude_modules) ? (lora.exclude_modules as readonly string[]) : [];
      const targets = Array.isArray(lora?.target_modules) ? (lora.target_modules as readonly string[]) : [];
      return targets.flatMap((target, at) => {
        if (!excluded.includes(target)) return [];
        const message = `${JSON.stringify(target)} also stands in \`exclude_modules\`: it gets no adapter.`;
        const path = ['lora', 'target_modules', at];
        return [{ path, message, fixes: deleteEntry(targets, path, target).map(preferred) }];
      });
    },
  }),
];
