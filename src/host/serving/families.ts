import type { AdapterBase, DescribedAdapter } from '../../run/adapterBases';

/** Adapters of one base model. */
export interface Family {
  readonly base: AdapterBase;
  /** Absolute paths of their folders. */
  readonly folders: readonly string[];
}

/** Adapters by their base models, those with the most adapters first; without those whose base is not there. */
export function families(described: readonly DescribedAdapter[]): readonly Family[] {
  const found = new Map<string, { readonly base: AdapterBase; readonly folders: string[] }>();
  for (const { base, folder } of described) {
    if (base === null) continue;
    const family = found.get(base.path);
    if (family === undefined) found.set(base.path, { base, folders: [folder] });
    else family.folders.push(folder);
  }
  return [...found.values()].sort((a, b) => b.folders.length - a.folders.length);
}
