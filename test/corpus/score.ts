import type { Place } from './corpusRecipe';

/** What was planted and what was found in one recipe. */
export interface Outcome {
  readonly origin: string;
  readonly title: string;
  readonly expected: readonly Place[];
  readonly found: readonly (Place & { readonly message: string })[];
}

interface Tally {
  planted: number;
  found: number;
  false: number;
}

/** Planted, found and false problems by code. Each planted one counts once. */
export class Score {
  readonly #tallies = new Map<string, Tally>();
  readonly #complaints: string[] = [];

  add({ origin, title, expected, found }: Outcome): void {
    const left = [...found];
    for (const { code, at } of expected) {
      const index = left.findIndex((one) => one.code === code && one.at === at);
      const tally = this.#of(code);
      tally.planted++;
      if (index < 0) this.#complaints.push(`${origin} ${title}: missing ${code} at ${at}`);
      else {
        tally.found++;
        left.splice(index, 1);
      }
    }
    for (const { code, at, message } of left) {
      this.#of(code).false++;
      this.#complaints.push(`${origin} ${title}: false ${code} at ${at}: ${message}`);
    }
  }

  /** What is missing or false, each in a line. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  planted(code: string): number {
    return this.#tallies.get(code)?.planted ?? 0;
  }

  get codes(): readonly string[] {
    return [...this.#tallies.keys()];
  }

  /** A table of all codes, with precision and recall of all together. */
  table(): string {
    const lines = [...this.#tallies].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, tally]) => row(code, tally));
    const sum: Tally = { planted: 0, found: 0, false: 0 };
    for (const tally of this.#tallies.values()) {
      sum.planted += tally.planted;
      sum.found += tally.found;
      sum.false += tally.false;
    }
    const precision = sum.found / Math.max(1, sum.found + sum.false);
    const recall = sum.found / Math.max(1, sum.planted);
    const head = `${'code'.padEnd(34)}planted  found  false`;
    return [head, ...lines, row('all', sum), `precision ${share(precision)}, recall ${share(recall)}`].join('\n');
  }

  #of(code: string): Tally {
    const tally = this.#tallies.get(code) ?? { planted: 0, found: 0, false: 0 };
    this.#tallies.set(code, tally);
    return tally;
  }
}

function row(code: string, tally: Tally): string {
  return `${code.padEnd(34)}${String(tally.planted).padStart(7)}${String(tally.found).padStart(7)}${String(tally.false).padStart(7)}`;
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
