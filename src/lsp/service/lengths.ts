export function ascending(numbers: readonly number[]): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** The smallest of `numbers`, which ascend, that at least this share (0 to 1) of them does not exceed. */
export function percentile(numbers: readonly number[], share: number): number {
  return numbers[Math.max(0, Math.ceil(share * numbers.length) - 1)] ?? 0;
}
