import { configValueMissing, configValueUnsupported } from './failures';

/** A model's `config.json`, read with types. Throws a Failure that names the key. */
export class ConfigReader {
  constructor(readonly values: Readonly<Record<string, unknown>>) {}

  /** A positive whole number. */
  size(key: string, fallback?: number): number {
    const value = this.values[key] ?? fallback;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) {
      throw configValueMissing(key, 'a positive whole number');
    }
    return value;
  }

  number(key: string, fallback?: number): number {
    const value = this.values[key] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw configValueMissing(key, 'a number');
    return value;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.values[key] ?? fallback;
    if (typeof value !== 'boolean') throw configValueMissing(key, 'true or false');
    return value;
  }

  /** One of `supported`; anything else is refused by name. */
  choice<T extends string>(key: string, supported: readonly T[], fallback: T): T {
    const value = this.values[key] ?? fallback;
    const found = supported.find((choice) => choice === value);
    if (found === undefined) throw configValueUnsupported(key, String(value), supported.join(', '));
    return found;
  }

  object(key: string): ConfigReader | undefined {
    const value = this.values[key];
    return value !== null && typeof value === 'object' ? new ConfigReader(value as Record<string, unknown>) : undefined;
  }
}
