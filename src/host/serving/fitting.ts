import type { AdapterProblem, DescribedAdapter } from '../../run/adapterBases';
import type { ServedBase } from './adapterServer';
import { families } from './families';

/** Adapters that are to be served, by what becomes of each beside a server's base model. */
export interface Fitting {
  /** Absolute paths of their folders. */
  readonly fits: readonly string[];
  /** Those of other base models. */
  readonly others: readonly { readonly folder: string; readonly baseName: string }[];
  readonly problems: readonly AdapterProblem[];
}

/** One whose base model was not found may fit where the user named the server's. */
export function fittingTo(
  server: Pick<ServedBase, 'path' | 'isChosen'>,
  described: readonly DescribedAdapter[],
): Fitting {
  const mayFit = ({ base, problem }: DescribedAdapter): boolean =>
    base === null ? server.isChosen && problem?.code === 'base-of-adapter-unknown' : base.path === server.path;
  const isOther = ({ base }: DescribedAdapter): boolean => base !== null && base.path !== server.path;
  return {
    fits: described.filter((each) => mayFit(each)).map(({ folder }) => folder),
    others: described.filter(isOther).map(({ folder, base }) => ({ folder, baseName: base!.name })),
    problems: described.flatMap((each) => (isOther(each) || mayFit(each) ? [] : (each.problem ?? []))),
  };
}

/**
 * Of several adapters that the user selected: those that one server can have where that needs no question, and what is wrong
 * with the rest. Undefined: they are of several base models.
 */
export function servedTogether(
  selected: readonly DescribedAdapter[],
): { readonly chosen: readonly DescribedAdapter[]; readonly problems: readonly AdapterProblem[] } | undefined {
  const found = families(selected);
  if (found.length > 1) return undefined;
  const sound = selected.filter(({ base }) => base !== null);
  // With none that is sound the first one is started all the same: that says what is wrong with it, and what helps.
  if (sound.length === 0) return { chosen: selected.slice(0, 1), problems: [] };
  return { chosen: sound, problems: selected.flatMap(({ base, problem }) => (base === null ? (problem ?? []) : [])) };
}
