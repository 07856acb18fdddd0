import { badRequest } from './apiError';

export type JsonFields = Readonly<Record<string, unknown>>;

/** The fields of a request, read with types; `null` is as good as missing. Throws an ApiError that names the field. */
export class Fields {
  constructor(readonly values: JsonFields) {}

  has(name: string): boolean {
    return (this.values[name] ?? null) !== null;
  }

  number(name: string, range: { min: number; max: number; isWhole?: boolean }): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    const isWhole = range.isWhole !== true || Number.isSafeInteger(value);
    if (typeof value === 'number' && isWhole && value >= range.min && value <= range.max) return value;
    const kind = range.isWhole === true ? 'a whole number' : 'a number';
    throw badRequest(`${name} must be ${kind} from ${range.min} to ${range.max}.`, name);
  }

  flag(name: string): boolean {
    if (!this.has(name)) return false;
    const value = this.values[name];
    if (typeof value === 'boolean') return value;
    throw badRequest(`${name} must be true or false.`, name);
  }

  text(name: string): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    if (typeof value === 'string') return value;
    throw badRequest(`${name} must be a text.`, name);
  }

  /** A text or a list of texts. */
  texts(name: string, most: number): readonly string[] {
    if (!this.has(name)) return [];
    const value = this.values[name];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.every((entry) => typeof entry === 'string') && list.length <= most) return list;
    throw badRequest(`${name} must be a text or a list of at most ${most} texts.`, name);
  }

  object(name: string): Fields | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    if (typeof value === 'object' && !Array.isArray(value)) return new Fields(value as JsonFields);
    throw badRequest(`${name} must be an object.`, name);
  }

  /** Refuses what would change the answer and is not done here; values that ask for nothing are let through. */
  refuse(names: readonly string[]): void {
    for (const name of names) {
      const value = this.values[name] ?? null;
      const asks =
        Array.isArray(value) || (typeof value === 'object' && value !== null)
          ? Object.keys(value).length > 0
          : value !== null && value !== 0 && value !== false && value !== '' && value !== 'none';
      if (asks) throw badRequest(`${name} is not supported by this server: leave it out.`, name);
    }
  }
}
