import { Environment, Interpreter, Template } from '@huggingface/jinja';
import { TemplateExhausted } from './failures';

type Statement = Parameters<Interpreter['evaluate']>[0];
type Value = ReturnType<Interpreter['evaluate']>;

/** What writing one row may cost, about in bytes: a hundred times of what long conversations take. */
const budget = 128 * 2 ** 20;
/** The same for a step of the template, which takes time, for an entry of a list that it copies, and for a new one. */
const costs = { step: 64, copied: 16, made: 64 };
/** Longest text, in UTF-16 units. */
const longestText = 2 ** 26;
/** As in the sandbox that Transformers runs templates in. */
const longestRange = 100_000;

/** What an entry of a list costs that an expression makes; the lists of all others are there already. */
const entryCosts: Readonly<Record<string, number>> = {
  ...{ BinaryExpression: costs.copied, FilterExpression: costs.copied, SelectExpression: costs.copied },
  ...{ CallExpression: costs.made, ArrayLiteral: costs.made, TupleLiteral: costs.made },
};

/**
 * A Jinja template of anyone's that comes to an end, with little memory, whatever it says: its steps and what they make
 * are counted, so that the same row ends in the same way on any machine.
 */
export class LimitedTemplate {
  readonly #template: Template;
  readonly #isOwn: boolean;

  /**
   * @param isOwn the template stands in the recipe
   * @throws Error with the library's words where it is no valid Jinja
   */
  constructor(source: string, isOwn: boolean) {
    this.#template = new Template(source);
    this.#isOwn = isOwn;
  }

  /** @throws TemplateExhausted; Error with the template's own words, when it refuses what it is given */
  render(variables: Readonly<Record<string, unknown>>): string {
    const exhausted = (): TemplateExhausted => new TemplateExhausted(this.#isOwn);
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...globals, range: limitedRange(exhausted), ...variables }))
      environment.set(name, value);
    const text = new CountingInterpreter(environment, exhausted).run(this.#template.parsed);
    // The library joins what a template writes into one text.
    return text.value as string;
  }
}

class CountingInterpreter extends Interpreter {
  #left = budget;

  constructor(
    environment: Environment,
    private readonly exhausted: () => TemplateExhausted,
  ) {
    super(environment);
  }

  override evaluate(statement: Statement, environment: Environment): Value {
    const value = super.evaluate(statement, environment);
    // A text is a list of the texts that it was made from until someone looks into it, and costs nothing before.
    this.#left -= costs.step + (Array.isArray(value.value) ? value.value.length * entryCost(statement) : 0);
    const isTooLong = typeof value.value === 'string' && value.value.length > longestText;
    if (this.#left < 0 || isTooLong) throw this.exhausted();
    return value;
  }
}

function entryCost(statement: Statement): number {
  if (statement === undefined) return 0;
  const { property } = statement as { readonly property?: Statement };
  return property?.type === 'SliceExpression' ? costs.copied : (entryCosts[statement.type] ?? 0);
}

const clock = new Template('{{ strftime_now(format) }}');

/** What the library gives to every template; its own `range` has no limit. */
const globals: Readonly<Record<string, unknown>> = {
  ...{ true: true, True: true, false: false, False: false, none: null, None: null },
  raise_exception: (words: unknown) => {
    throw new Error(String(words));
  },
  strftime_now: (format: string) => clock.render({ format }),
};

function limitedRange(exhausted: () => Error): (start: number, stop?: number, step?: number) => number[] {
  return (first, second, step = 1) => {
    const [start, stop] = second === undefined ? [0, first] : [first, second];
    if (step === 0) throw new Error('range() step must not be zero');
    const length = Math.max(0, Math.ceil((stop - start) / step));
    if (length > longestRange) throw exhausted();
    return Array.from({ length }, (_, i) => start + i * step);
  };
}
