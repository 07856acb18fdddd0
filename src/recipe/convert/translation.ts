import { schemaAt, typesOf, type JsonType, type JsonValue, type Schema } from '../schema';
import type { Dropped, Kept, Mention, ToFill } from './conversion';
import type { Setting } from './source';

/** What to do with one setting of another tool. */
export type Rule = (setting: Setting, to: Translation) => void;

export type Rules = Readonly<Record<string, Rule>>;

/** A value of the recipe that is being written, and what its comment says. */
export interface Written {
  readonly value: JsonValue;
  readonly comments: readonly string[];
}

/** Collects a recipe out of settings; every setting ends up as kept, dropped or implied. */
export class Translation {
  /** By dotted key of the recipe. */
  readonly written = new Map<string, Written>();
  readonly kept: Kept[] = [];
  readonly dropped: Dropped[] = [];
  readonly implied: Mention[] = [];
  readonly toFill: ToFill[] = [];
  readonly #settings: ReadonlyMap<string, Setting>;

  constructor(settings: readonly Setting[]) {
    this.#settings = new Map(settings.map((setting) => [setting.name, setting]));
  }

  /** The value of a setting, wherever it stands in the text. */
  valueOf(name: string): JsonValue | undefined {
    return this.#settings.get(name)?.value;
  }

  /** Takes a setting over under one of the recipe's keys. */
  keep(setting: Setting, to: string, value: JsonValue = setting.value, note?: string): void {
    const before = this.kept.find((other) => other.to === to);
    const written = inShape(value, schemaAt(to)?.schema);
    if (before !== undefined) {
      const isSame = JSON.stringify(before.written) === JSON.stringify(written);
      if (isSame) this.imply(setting);
      else this.drop(setting, `\`${before.key}\` already says it.`, 'Keep one of the two.');
      return;
    }
    const waiting = this.toFill.findIndex((other) => other.to === to);
    if (waiting >= 0) this.toFill.splice(waiting, 1);
    this.kept.push({ ...mention(setting), to, written });
    // `LoraConfig.r` needs no word, `lora_rank` and `datasets[0].type` do.
    const isOtherName = setting.key.replace(/^[A-Za-z_]+\./, '') !== to.split('.').at(-1);
    this.written.set(to, {
      value: written,
      comments: [...(isOtherName ? [setting.key] : []), ...(note === undefined ? [] : [note])],
    });
  }

  drop(setting: Setting, why: string, instead?: string): void {
    this.dropped.push({ ...mention(setting), why, ...(instead === undefined ? {} : { instead }) });
  }

  imply(setting: Setting): void {
    this.implied.push(mention(setting));
  }

  /** How many settings were answered so far. */
  get answers(): number {
    return this.kept.length + this.dropped.length + this.implied.length;
  }

  /** Writes a value that no setting says, unless one does; `comment` tells where it comes from. */
  assume(to: string, value: JsonValue, ...comments: readonly string[]): void {
    if (!this.written.has(to)) this.written.set(to, { value, comments });
  }

  /** Writes a value that people must replace. */
  leaveToFill(to: string, value: JsonValue, why: string): void {
    this.written.set(to, { value, comments: [`Fill in: ${why}`] });
    this.toFill.push({ to, why });
  }

  /** Takes back what was written, as the recipe's own checks refuse it. */
  refuse(to: string, why: string): void {
    const written = this.written.get(to);
    this.written.delete(to);
    const at = this.kept.findIndex((kept) => kept.to === to);
    const source: Mention = this.kept[at] ?? { key: to, value: written?.value ?? null, line: 1 };
    if (at >= 0) this.kept.splice(at, 1);
    this.dropped.push({ key: source.key, value: source.value, line: source.line, why });
  }
}

export function mention({ key, value, line }: Setting): Mention {
  return { key, value, line };
}

/** The value as the recipe's key wants it where that is certain: `"2e-4"` as a number, `a,b` as a list. */
function inShape(value: JsonValue, schema: Schema | undefined): JsonValue {
  if (schema === undefined) return value;
  const types: readonly JsonType[] = typesOf(schema);
  if (typeof value === 'string' && !types.includes('string')) {
    const text = value.trim();
    if (types.includes('array')) return text.split(',').map((part) => part.trim());
    if (types.includes('boolean') && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
    if (text !== '' && Number.isFinite(Number(text))) return Number(text);
  }
  const isOnlyText = types.includes('string') && !types.includes('number') && !types.includes('integer');
  return typeof value === 'number' && isOnlyText ? String(value) : value;
}
