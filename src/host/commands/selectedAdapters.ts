/**
 * Absolute paths of the adapters that a command is for: all that are selected in their view where the click is on a selection,
 * else the one that was clicked. Lines below an adapter (its facts and files) can be selected with it and are none.
 */
export function selectedAdapters(
  target: unknown,
  selected: unknown,
  pathOf: (target: unknown) => string | undefined,
): readonly string[] {
  const several = Array.isArray(selected) && selected.length > 1 ? (selected as readonly unknown[]) : [target];
  return [...new Set(several.filter(isNoOtherLine).flatMap((each) => pathOf(each) ?? []))];
}

/** Lines of views say what they are; a file's address, as other commands pass it, does not. */
function isNoOtherLine(target: unknown): boolean {
  if (typeof target !== 'object' || target === null || !('context' in target)) return true;
  return target.context === 'adapter';
}
