import type { RecipeDraft } from './draft';
import type { ModelFacts, ModuleFacts, PatternFacts } from './facts';
import { deleteEntry, preferred, removeKey, setValue, type Fix } from './fix';
import { countLastNames, lastName, modulesIn, namesWithCounts } from './moduleNames';
import { nameElsewhere, similarNames } from './otherFamilies';
import { check, type Finding, type RecipeCheck } from './recipeCheck';
import { isMisplacedInList } from './targetChecks';
import { targetsOf, type TargetEntry, type Targets } from './targets';

const needs = ['model', 'patterns'] as const;
const targetsPath = ['lora', 'target_modules'];

/** Findings about what a LoRA recipe adapts; none while that is not known. */
function onTargets(
  find: (targets: Targets, draft: RecipeDraft, model: ModelFacts) => readonly Finding[],
): (draft: RecipeDraft, facts: { readonly model: ModelFacts; readonly patterns: PatternFacts }) => readonly Finding[] {
  return (draft, { model, patterns }) => {
    const targets = draft.method === 'full' ? undefined : targetsOf(draft, model, patterns);
    return targets === undefined ? [] : find(targets, draft, model);
  };
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

function adaptableIn(model: ModelFacts): readonly ModuleFacts[] {
  return model.modules.filter(({ isAdaptable }) => isAdaptable);
}

/** Puts names in the place of one entry. */
function replaceEntry(draft: RecipeDraft, entry: TargetEntry, names: readonly string[]): Fix {
  const list = draft.lora?.target_modules;
  const title = `Write ${names.map(quoted).join(', ')}`;
  if (!Array.isArray(list)) return setValue(targetsPath, names, title);
  const others = (list as readonly string[]).flatMap((name) => (name === entry.name ? names : [name]));
  return names.length === 1
    ? setValue(entry.path, names[0]!, title)
    : setValue(targetsPath, [...new Set(others)], title);
}

function notFound(entry: TargetEntry, draft: RecipeDraft, model: ModelFacts): Finding {
  const adaptable = adaptableIn(model);
  const names = [...countLastNames(adaptable).keys()];
  const foreign = nameElsewhere(entry.name, names);
  const near = similarNames(lastName(entry.name), names);
  const meant =
    foreign === undefined
      ? near.length === 0
        ? ''
        : `Did you mean ${near.map(quoted).join(' or ')}? `
      : `That is a name of ${foreign.family} models; here the same is ${foreign.here.map(quoted).join(', ')}. `;
  const instead = foreign === undefined ? near.map((name) => [name]) : [foreign.here];
  const fixes = instead.map((wanted) => replaceEntry(draft, entry, wanted));
  const isSure = fixes.length === 1 || foreign !== undefined;
  return {
    path: entry.path,
    message: `${quoted(entry.name)} matches no layer of this ${model.family} model. ${meant}Layers that can get one: ${namesWithCounts(adaptable)}.`,
    fixes: [
      ...fixes.map((fix, at) => (at === 0 && isSure ? preferred(fix) : fix)),
      ...deleteEntry(draft.lora?.target_modules, entry.path, entry.name),
      ...(fixes.length === 0 ? [setValue(targetsPath, 'all-linear', 'Adapt every linear layer')] : []),
    ],
  };
}

function unsupported({ adapted }: Targets, { lora }: RecipeDraft, model: ModelFacts): readonly Finding[] {
  const first = new Map<TargetEntry, (typeof adapted)[number]>();
  for (const one of adapted) {
    if (one.module?.isAdaptable !== true && !first.has(one.entry)) first.set(one.entry, one);
  }
  return [...first].map(([entry, { path, module }]) => {
    if (module !== undefined) {
      const saved = setValue(
        ['lora', 'modules_to_save'],
        [...(lora?.modules_to_save ?? []), lastName(path)],
        `Train ${quoted(lastName(path))} in full`,
      );
      const message = `${quoted(entry.name)} matches ${path}, a normalization, and only linear layers and embeddings get adapters. To train it in full, put ${quoted(lastName(path))} into "modules_to_save".`;
      const [remove] = deleteEntry(lora?.target_modules, entry.path, entry.name);
      const moved =
        remove === undefined ? [] : [{ title: saved.title, changes: [...remove.changes, ...saved.changes] }];
      return { path: entry.path, message, fixes: [...moved, ...(remove === undefined ? [] : [remove])] };
    }
    const inside = [...countLastNames(modulesIn(model.modules, path).filter(({ isAdaptable }) => isAdaptable)).keys()];
    const message = `${quoted(entry.name)} matches ${path}, which is a group of layers, not a layer. Name the layers in it: ${inside.join(', ')}.`;
    const canName = Array.isArray(lora?.target_modules) && inside.length > 0;
    return {
      path: entry.path,
      message,
      fixes: canName ? [preferred(replaceEntry({ lora }, entry, inside))] : [],
    };
  });
}

function tied({ adapted }: Targets, { lora }: RecipeDraft, model: ModelFacts): readonly Finding[] {
  const found = new Map<TargetEntry, Finding>();
  for (const { path, entry } of adapted) {
    const other = tiedTo(model, path);
    if (other === undefined || found.has(entry)) continue;
    const message = `${path} shares its weight with ${other} in this model, so an adapter on it alone would be lost when merged. Adapt other layers, such as "all-linear", or train ${quoted(lastName(path))} in full through "modules_to_save".`;
    const isList = Array.isArray(lora?.target_modules);
    const fixes = isList
      ? deleteEntry(lora.target_modules, entry.path, entry.name)
      : [setValue(targetsPath, 'all-linear', 'Adapt every linear layer but the output')];
    found.set(entry, { path: entry.path, message, fixes: fixes.map(preferred) });
  }
  return [...found.values()];
}

/** The module that shares its weight with this one. */
export function tiedTo({ tied: pairs }: ModelFacts, path: string): string | undefined {
  for (const [alias, owner] of pairs) {
    if (path === alias) return owner;
    if (path === owner) return alias;
  }
  return undefined;
}

/** Whether an entry was found in the model, but nothing of it is left to adapt. */
function whyEmpty(entry: TargetEntry, targets: Targets): 'nowhere' | 'outside' | 'excluded' | undefined {
  const { matched, chosen } = entry;
  if (chosen.some((path) => !targets.isExcluded(path) && !targets.isSaved(path))) return undefined;
  if (matched.length === 0) return 'nowhere';
  if (chosen.length === 0) return 'outside';
  return chosen.every((path) => targets.isExcluded(path)) ? 'excluded' : undefined;
}

function nothingLeft(targets: Targets, { lora }: RecipeDraft): readonly Finding[] {
  const { entries, adapted } = targets;
  const reasons = entries.map((entry) => whyEmpty(entry, targets));
  if (adapted.length > 0 || entries.length === 0 || reasons.some((why) => why === 'nowhere' || why === 'outside'))
    return [];
  const isExcluded = reasons.includes('excluded');
  const key = isExcluded ? 'exclude_modules' : 'modules_to_save';
  const why = isExcluded ? 'are in "exclude_modules"' : 'are in "modules_to_save" and so trained in full';
  const message = `No layer gets an adapter: all targets ${why}. Name further layers in "target_modules".`;
  const fixes = lora?.[key] === undefined ? [] : [removeKey(['lora', key])];
  return [{ path: targetsPath, message, fixes }];
}

/** Rules about which modules of this very model are meant. */
export const modelTargetChecks: readonly RecipeCheck[] = [
  check({
    // ChatGLM-Tuning#163
    code: 'targets-missing',
    severity: 'error',
    title: 'A model without usual targets, and none are named',
    needs: ['model'],
    run({ lora, method }, { model }) {
      if (method === 'full' || model.defaultTargets.length > 0 || (lora?.target_modules ?? null) !== null) return [];
      const message = `The recipe names no layer that gets an adapter. Fill in "target_modules", for example "all-linear". Layers that can get one: ${namesWithCounts(adaptableIn(model))}.`;
      const fixes = [preferred(setValue(targetsPath, 'all-linear', 'Adapt every linear layer'))];
      return [{ path: targetsPath, message, fixes }];
    },
  }),
  check({
    // LlamaFactory#3597; PEFT only fails where nothing at all matches (peft#1959).
    code: 'target-not-found',
    severity: 'error',
    title: 'A target that this model does not have',
    needs,
    run: onTargets((targets, draft, model) => {
      const isList = Array.isArray(draft.lora?.target_modules);
      return targets.entries
        .filter(({ matched, name }) => matched.length === 0 && !(isList && isMisplacedInList(name)))
        .map((entry) => notFound(entry, draft, model));
    }),
  }),
  check({
    code: 'target-outside-layers',
    severity: 'error',
    title: 'A target that the chosen layers do not have',
    needs,
    run: onTargets((targets, { lora }) =>
      targets.entries.flatMap((entry) => {
        if (whyEmpty(entry, targets) !== 'outside') return [];
        const message = `${quoted(entry.name)} matches nothing in the layers that "layers_to_transform" chooses, but for example ${entry.matched[0]!}. Delete the name, write its whole path, or choose other layers.`;
        const whole = setValue(entry.path, entry.matched[0]!, `Write the whole path ${quoted(entry.matched[0]!)}`);
        return [
          { path: entry.path, message, fixes: [...deleteEntry(lora?.target_modules, entry.path, entry.name), whole] },
        ];
      }),
    ),
  }),
  check({
    code: 'targets-all-saved',
    severity: 'error',
    title: 'No target is left to adapt',
    needs,
    run: onTargets(nothingLeft),
  }),
  check({
    code: 'target-unsupported',
    severity: 'error',
    title: 'A target that cannot carry an adapter',
    needs,
    run: onTargets(unsupported),
  }),
  // peft#2018
  check({
    code: 'target-tied',
    severity: 'error',
    title: 'An adapter on one of two tied weights',
    needs,
    run: onTargets(tied),
  }),
];
