/**
 * Up to three candidates that look most like `name`, best first: by the share of letter pairs they have in common
 * (Dice's coefficient), which forgives swapped parts (`proj_q`) as well as single letters. Empty where none is near.
 */
export function similarNames(name: string, candidates: Iterable<string>): string[] {
  return [...candidates]
    .map((candidate) => ({ candidate, likeness: likeness(name, candidate) }))
    .filter(({ likeness }) => likeness >= 0.4)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

function likeness(a: string, b: string): number {
  const [pairsA, pairsB] = [letterPairs(a), letterPairs(b)];
  const left = [...pairsB];
  let common = 0;
  for (const pair of pairsA) {
    const at = left.indexOf(pair);
    if (at < 0) continue;
    left.splice(at, 1);
    common++;
  }
  return (2 * common) / (pairsA.length + pairsB.length);
}

/** With a space on either side, so that first and last letters count and one letter is a pair. */
function letterPairs(name: string): string[] {
  const text = ` ${name.toLowerCase()} `;
  return Array.from({ length: text.length - 1 }, (_, at) => text.slice(at, at + 2));
}
