import type { RecipeDraft } from './draft';
import type { ModelFacts, PatternFacts, PatternKey } from './facts';
import { deleteEntry, preferred, removeKey, setValue, type Fix } from './fix';
import { isNamedBy, lastName, namesWithCounts, pathsOf } from './moduleNames';
import { tiedTo } from './modelTargetChecks';
import { similarNames } from './otherFamilies';
import { recipeDefaults } from './recipe.generated';
import { check, type Finding, type RecipeCheck } from './recipeCheck';
import { isMisplacedInList } from './targetChecks';
import { matchesOf, patternFor, targetsOf } from './targets';

const needs = ['model', 'patterns'] as const;

interface ShapeFacts {
  readonly model: ModelFacts;
  readonly patterns: PatternFacts;
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

/** Paths of the modules that get an adapter; none while that is not known. */
function adaptedPaths(draft: RecipeDraft, { model, patterns }: ShapeFacts): readonly string[] {
  if (draft.method === 'full') return [];
  return (targetsOf(draft, model, patterns)?.adapted ?? []).map(({ path }) => path);
}

/** The largest rank that is a power of two and fits. */
function fittingRank(limit: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, limit)));
}

/** One finding for each key that sets a rank, about the smallest layer that it is too large for. */
function rankFindings(draft: RecipeDraft, facts: ShapeFacts): readonly Finding[] {
  const modules = new Map(facts.model.modules.map((module) => [module.path, module]));
  const smallest = new Map<string, { finding: Finding; limit: number }>();
  for (const path of adaptedPaths(draft, facts)) {
    const module = modules.get(path);
    if (module === undefined) continue;
    const pattern = patternFor(draft.lora, 'rank_pattern', facts.patterns, path);
    const rank = pattern?.value ?? draft.lora?.r ?? recipeDefaults.lora.r;
    const limit = Math.min(module.in, module.out);
    const key = pattern === undefined ? ['lora', 'r'] : ['lora', 'rank_pattern', pattern.pattern];
    const known = smallest.get(key.join('.'));
    if (rank <= limit || (known !== undefined && known.limit <= limit)) continue;
    const message = `Rank ${rank} is larger than the layer ${path}, which has ${module.in} inputs and ${module.out} outputs. Use at most ${limit}: from there on a layer trained in full is smaller.`;
    const fix = preferred(setValue(key, fittingRank(limit), `Use rank ${fittingRank(limit)}`));
    smallest.set(key.join('.'), { limit, finding: { path: key, message, fixes: [fix] } });
  }
  return [...smallest.values()].map(({ finding }) => finding);
}

function unusedPatterns(
  draft: RecipeDraft,
  facts: ShapeFacts,
  key: 'rank_pattern' | 'alpha_pattern',
): readonly Finding[] {
  const adapted = adaptedPaths(draft, facts);
  if (adapted.length === 0) return [];
  return Object.keys(draft.lora?.[key] ?? {}).flatMap((pattern) => {
    const matched = matchesOf(facts.patterns, key, pattern);
    if (matched === undefined || matched.some((path) => adapted.includes(path))) return [];
    const why = matched.length === 0 ? 'matches no layer of this model' : 'matches only layers that get no adapter';
    const path = ['lora', key, pattern];
    return [
      {
        path,
        isKey: true,
        message: `${quoted(pattern)} ${why} and changes nothing.`,
        fixes: [preferred(removeKey(path))],
      },
    ];
  });
}

function unusedExcludes(draft: RecipeDraft, { model, patterns }: ShapeFacts): readonly Finding[] {
  const targets = targetsOf(draft, model, patterns);
  const exclude = draft.lora?.exclude_modules;
  if (targets === undefined || exclude === undefined || draft.method === 'full') return [];
  const wouldAdapt = targets.entries.flatMap(({ chosen }) => chosen);
  const message = (name: string): string => `${quoted(name)} takes no target away and changes nothing.`;
  if (typeof exclude === 'string') {
    const matched = matchesOf(patterns, 'exclude_modules', exclude) ?? wouldAdapt;
    const path = ['lora', 'exclude_modules'];
    return matched.some((found) => wouldAdapt.includes(found))
      ? []
      : [{ path, message: message(exclude), fixes: [preferred(removeKey(path))] }];
  }
  return exclude.flatMap((name, at) => {
    if (wouldAdapt.some((path) => isNamedBy(path, name))) return [];
    const path = exclude.length === 1 ? ['lora', 'exclude_modules'] : ['lora', 'exclude_modules', at];
    const fix = preferred(removeKey(path, `Delete ${quoted(name)}`));
    return [{ path: ['lora', 'exclude_modules', at], message: message(name), fixes: [fix] }];
  });
}

/** PEFT takes every module or group whose path ends with an entry, also in the middle of a word. */
function savedPaths(entry: string, model: ModelFacts): readonly string[] {
  return pathsOf(model).filter((path) => path.endsWith(entry));
}

function eachSaved(
  { lora, method }: RecipeDraft,
  model: ModelFacts,
  find: (entry: string, found: readonly string[], path: Finding['path'], fixes: readonly Fix[]) => Finding | undefined,
): readonly Finding[] {
  const saved = method === 'full' ? [] : (lora?.modules_to_save ?? []);
  return saved.flatMap((entry, at) => {
    const path = ['lora', 'modules_to_save', at];
    const remove = saved.length > 1 ? deleteEntry(saved, path, entry) : [removeKey(['lora', 'modules_to_save'])];
    return find(entry, savedPaths(entry, model), path, remove) ?? [];
  });
}

function savedNotFound(draft: RecipeDraft, model: ModelFacts): readonly Finding[] {
  return eachSaved(draft, model, (entry, found, path, remove) => {
    if (found.length > 0 || isMisplacedInList(entry)) return undefined;
    const near = similarNames(lastName(entry), [...new Set(model.modules.map((module) => lastName(module.path)))]);
    const meant = near.length === 0 ? '' : `Did you mean ${near.map(quoted).join(' or ')}? `;
    const instead = near.map((name) => setValue(path, name, `Write ${quoted(name)}`));
    const fixes = instead.length === 1 ? [preferred(instead[0]!)] : instead;
    const message = `${quoted(entry)} matches no layer of this ${model.family} model. ${meant}Its layers are ${namesWithCounts(model.modules)}.`;
    return { path, message, fixes: [...fixes, ...remove] };
  });
}

function savedAndAdapted(draft: RecipeDraft, facts: ShapeFacts): readonly Finding[] {
  const adapted = adaptedPaths(draft, facts);
  return eachSaved(draft, facts.model, (entry, found, path, remove) => {
    const both = adapted.find((target) => found.some((saved) => target === saved || target.startsWith(`${saved}.`)));
    if (both === undefined) return undefined;
    const message = `${both} would be trained in full by ${quoted(entry)} and get an adapter at the same time. Write the whole name of the layer that is meant; "modules_to_save" matches every ending.`;
    return { path, message, fixes: remove };
  });
}

const patternKeys: readonly PatternKey[] = ['target_modules', 'exclude_modules', 'rank_pattern', 'alpha_pattern'];

/** Rules about sizes, saved modules and patterns of this very model. */
export const modelShapeChecks: readonly RecipeCheck[] = [
  check({
    code: 'rank-too-large',
    severity: 'error',
    title: 'A rank beyond the size of a layer',
    needs,
    run: rankFindings,
  }),
  check({
    code: 'layer-out-of-range',
    severity: 'error',
    title: 'A layer number that the model does not have',
    needs: ['model'],
    run({ lora }, { model }) {
      const layers = lora?.layers_to_transform ?? [];
      const path = ['lora', 'layers_to_transform'];
      const list = typeof layers === 'number' ? [layers] : layers;
      return list.flatMap((layer, at) => {
        if (layer >= 0 && layer < model.blocks) return [];
        const message = `This model has no layer ${layer}: its layers are 0 to ${model.blocks - 1}. Layers are counted from 0.`;
        const place = typeof layers === 'number' ? path : [...path, at];
        const fix = list.length > 1 ? removeKey(place, `Delete ${layer}`) : removeKey(path);
        return [{ path: place, message, fixes: [preferred(fix)] }];
      });
    },
  }),
  check({
    code: 'modules-to-save-not-found',
    severity: 'error',
    title: 'A module to save that this model does not have',
    needs: ['model'],
    run: (draft, { model }) => savedNotFound(draft, model),
  }),
  check({
    code: 'modules-to-save-unsupported',
    severity: 'error',
    title: 'All blocks in `modules_to_save`',
    needs: ['model'],
    run: (draft, { model }) =>
      eachSaved(draft, model, (entry, found, path, fixes) => {
        if (!found.includes(model.blockList)) return undefined;
        const message = `${quoted(entry)} matches ${model.blockList}, the list of all blocks, which PEFT cannot save as one. Name layers of the blocks, or use "method": "full" to train the whole model.`;
        return { path, message, fixes };
      }),
  }),
  check({
    code: 'saved-and-adapted',
    severity: 'error',
    title: 'A layer trained in full that also gets an adapter',
    needs,
    run: savedAndAdapted,
  }),
  check({
    // peft#2018
    code: 'saved-tied',
    severity: 'warning',
    title: 'One of two tied weights is trained in full',
    needs: ['model'],
    run: (draft, { model }) =>
      eachSaved(draft, model, (_, found, path, fixes) => {
        const one = found.find((saved) => tiedTo(model, saved) !== undefined);
        if (one === undefined || found.some((saved) => saved === tiedTo(model, one))) return undefined;
        const message = `${one} shares its weight with ${tiedTo(model, one)!} in this model. Trained in full, the two become different: programs that tie them again when they load a merged model lose what was learnt. Adapt other layers instead.`;
        return { path, message, fixes };
      }),
  }),
  check({
    code: 'pattern-without-effect',
    severity: 'warning',
    title: 'A pattern for ranks or strengths that matches nothing',
    needs,
    run: (draft, facts) => [
      ...unusedPatterns(draft, facts, 'rank_pattern'),
      ...unusedPatterns(draft, facts, 'alpha_pattern'),
    ],
  }),
  check({
    code: 'exclude-without-effect',
    severity: 'warning',
    title: 'An exclusion that takes nothing away',
    needs,
    run: unusedExcludes,
  }),
  check({
    code: 'pattern-too-slow',
    severity: 'error',
    title: 'A regular expression that takes too long',
    needs: ['patterns'],
    run: (_, { patterns }) =>
      patternKeys.flatMap((key) =>
        patterns.matches.flatMap((match) => {
          if (match.key !== key || match.paths !== 'too-slow') return [];
          const isTable = key === 'rank_pattern' || key === 'alpha_pattern';
          const path = isTable ? ['lora', key, match.pattern] : ['lora', key];
          const message = `The pattern ${quoted(match.pattern)} takes too long to try. Repetitions inside of repetitions, such as (a+)+, are the usual cause: write it without them.`;
          return [{ path, isKey: isTable, message }];
        }),
      ),
  }),
  check({
    code: 'max-length-beyond-context',
    severity: 'error',
    title: 'Rows longer than the model has positions for',
    needs: ['model'],
    run: ({ dataset }, { model }) => contextFinding(dataset?.max_length ?? 0, model, model.positionsAreLearnt),
  }),
  check({
    code: 'max-length-above-context',
    severity: 'warning',
    title: 'Rows longer than the model was made for',
    needs: ['model'],
    run: ({ dataset }, { model }) => contextFinding(dataset?.max_length ?? 0, model, !model.positionsAreLearnt),
  }),
  check({
    // llama.cpp#11554, vllm#9280
    code: 'deploy-embedding',
    severity: 'warning',
    title: 'An adapted embedding that the program in `deploy_to` cannot use',
    needs,
    run(draft, facts) {
      const target = draft.deploy_to ?? 'peft';
      if (target === 'peft') return [];
      const { model } = facts;
      const kinds = new Map(model.modules.map(({ path, kind }) => [path, kind]));
      const one = adaptedPaths(draft, facts).find((path) => kinds.get(path) === 'embedding' || path === model.head);
      if (one === undefined) return [];
      const message = `${one} gets an adapter, which ${target} cannot load: merge the adapter into the model before you use it there, or adapt other layers.`;
      return [
        {
          path: ['lora', 'target_modules'],
          message,
          fixes: [setValue(['lora', 'target_modules'], 'all-linear', 'Adapt every linear layer but the output')],
        },
      ];
    },
  }),
];

function contextFinding(length: number, model: ModelFacts, applies: boolean): readonly Finding[] {
  if (length <= model.contextLength || !applies) return [];
  const message = model.positionsAreLearnt
    ? `The rows may be ${length} tokens long, but this model can only read ${model.contextLength}: it has no position for more. Set dataset.max_length to ${model.contextLength} or less.`
    : `The rows may be ${length} tokens long, but this model was made for ${model.contextLength}: beyond that it learns little. Set dataset.max_length to ${model.contextLength} or less.`;
  const fix = setValue(['dataset', 'max_length'], model.contextLength, `Set "max_length" to ${model.contextLength}`);
  return [{ path: ['dataset', 'max_length'], message, fixes: [preferred(fix)] }];
}
