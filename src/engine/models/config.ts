import { configValueMissing, configValueUnsupported } from './failures';

export type ConfigValues = Readonly<Record<string, unknown>>;

/**
 * A model's `config.json`, read with types. A missing key has the value that the family's configuration class in
 * Transformers gives it. Throws a Failure that names the key.
 */
export class ConfigReader {
  constructor(
    readonly values: ConfigValues,
    private readonly defaults: ConfigValues = {},
    /** Where this object lies in the file, such as `rope_parameters.`. */
    private readonly prefix = '',
  ) {}

  /** The same values with other defaults. */
  withDefaults(defaults: ConfigValues): ConfigReader {
    return new ConfigReader(this.values, defaults, this.prefix);
  }

  /** The same values; those under a key of `names` lie under the name there as well. */
  renamed(names: Readonly<Record<string, string>>): ConfigReader {
    const copies = Object.entries(names).filter(([key]) => key in this.values);
    const values = Object.fromEntries(copies.map(([key, name]) => [name, this.values[key]]));
    return new ConfigReader({ ...this.values, ...values }, this.defaults, this.prefix);
  }

  /** A value as it is; `null` is not the same as missing. */
  value(key: string): unknown {
    return key in this.values ? this.values[key] : this.defaults[key];
  }

  /** A positive whole number. */
  size(key: string): number {
    const value = this.value(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) {
      throw configValueMissing(this.prefix + key, 'a positive whole number');
    }
    return value;
  }

  sizeOrNull(key: string): number | null {
    return (this.value(key) ?? null) === null ? null : this.size(key);
  }

  number(key: string): number {
    const value = this.value(key);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw configValueMissing(this.prefix + key, 'a number');
    return value;
  }

  numberOrNull(key: string): number | null {
    return (this.value(key) ?? null) === null ? null : this.number(key);
  }

  flag(key: string): boolean {
    const value = this.value(key);
    if (typeof value !== 'boolean') throw configValueMissing(this.prefix + key, 'true or false');
    return value;
  }

  /** The value as people would write it, for messages. */
  text(key: string): string {
    const value = this.value(key) ?? null;
    return typeof value === 'string' ? value : JSON.stringify(value);
  }

  /** One of `supported`; anything else is refused by name. */
  choice<T extends string>(key: string, supported: readonly T[]): T {
    const value = this.value(key);
    const found = supported.find((choice) => choice === value);
    if (found === undefined) throw configValueUnsupported(this.prefix + key, this.text(key), supported.join(', '));
    return found;
  }

  object(key: string): ConfigReader | undefined {
    const value = this.value(key);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    return new ConfigReader(value as ConfigValues, {}, `${this.prefix}${key}.`);
  }
}
