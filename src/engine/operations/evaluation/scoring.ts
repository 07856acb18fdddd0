import { tooSlow, withTimeLimit } from '../../data/timeLimit';
import { scorePatternInvalid } from '../failures';

/** Whether an answer says what the data says. */
export type Scorer = (answer: string, expected: string) => boolean;

/** How answers are compared, as in `--score`: `exact`, `gsm8k` or `regex:PATTERN`. */
export function scorerOf(method: string): Scorer {
  if (method === 'exact') return (answer, expected) => plain(answer) === plain(expected);
  if (method === 'gsm8k') return byNumber;
  if (method.startsWith('regex:')) return byPattern(method.slice('regex:'.length));
  throw scorePatternInvalid(method, 'it is none of exact, gsm8k and regex:PATTERN');
}

/** Without what people do not see. */
function plain(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** As numbers: what stands after the last `####`, as in gsm8k's answers, or else the last number of the text. */
function byNumber(answer: string, expected: string): boolean {
  const [one, other] = [finalNumber(answer), finalNumber(expected)];
  return one !== undefined && one === other;
}

/** The number that a text ends with: thousands may be separated by commas. */
export function finalNumber(text: string): number | undefined {
  const marked = text.lastIndexOf('####');
  const numbers = (from: string): string[] => from.match(/-?(?:\d[\d,]*)?(?:\d|\.\d+)\d*/g) ?? [];
  const found = marked < 0 ? numbers(text).at(-1) : numbers(text.slice(marked))[0];
  const value = found === undefined ? Number.NaN : Number(found.replaceAll(',', ''));
  return Number.isFinite(value) ? value : undefined;
}

/** Milliseconds for an expression and a text. */
const patience = 500;

/** What the expression finds last in both (its first group, if it has one) is the same. */
function byPattern(source: string): Scorer {
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, 'gu');
  } catch (error) {
    throw scorePatternInvalid(source, (error as Error).message);
  }
  const extract = (text: string): string | undefined => {
    const found = withTimeLimit(patience, () => [...text.matchAll(pattern)].map((match) => match[1] ?? match[0]));
    if (found === tooSlow) throw scorePatternInvalid(source, 'it takes too long to match');
    return found.at(-1)?.trim();
  };
  return (answer, expected) => {
    const one = extract(answer);
    return one !== undefined && one === (extract(expected) ?? expected.trim());
  };
}
