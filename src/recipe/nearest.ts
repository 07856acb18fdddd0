/**
 * The candidate that was most likely meant by a misspelt word, or undefined when none is near.
 * Case, `_` and `-` do not count: `learningRate` is `learning_rate`.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = plainForm(word);
  if (plain === '') return undefined;
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(plain, plainForm(candidate));
    if (best === undefined || distance < best.distance) best = { candidate, distance };
  }
  // A third of the word may be wrong: `r` is then near to nothing but itself, `target_module` to `target_modules`.
  const allowed = Math.floor(Math.max(plain.length, best === undefined ? 0 : plainForm(best.candidate).length) / 3);
  return best !== undefined && best.distance <= allowed ? best.candidate : undefined;
}

function plainForm(word: string): string {
  return word
    .slice(0, 100)
    .toLowerCase()
    .replaceAll(/[_\s.-]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (isSwap) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
