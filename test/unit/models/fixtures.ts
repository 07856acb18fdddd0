import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readSafetensorsHeader, readTensor } from '../../../src/engine/formats/safetensors';
import type { TensorEntry } from '../../../src/engine/formats/safetensors';
import type { ConfigValues } from '../../../src/engine/models/config';

const folder = 'test/unit/models/fixtures';

/** What `test/parity/fixtures/modelFixtures.py` stored in a JSON file. */
export function stored(...parts: string[]): unknown {
  return JSON.parse(readFileSync(path.join(folder, ...parts), 'utf8'));
}

/** A configuration to read a tiny model with. */
export interface StoredCase {
  readonly name: string;
  readonly config: ConfigValues;
}

/** The batch of all tiny models, [2, 12]; `rows` are the places that are not padding. */
export interface StoredInputs {
  readonly shape: readonly number[];
  readonly ids: readonly number[];
  readonly positions: readonly number[];
  readonly segments: readonly number[];
  readonly rows: readonly number[];
}

export function storedCases(model: string): readonly StoredCase[] {
  return stored(model, 'cases.json') as StoredCase[];
}

export function storedTensors(...parts: string[]): Promise<ReadonlyMap<string, TensorEntry>> {
  return tensorsOf(path.join(folder, ...parts));
}

export async function tensorsOf(file: string): Promise<ReadonlyMap<string, TensorEntry>> {
  return (await readSafetensorsHeader(file)).tensors;
}

/** The logits that Transformers gives, [rows, vocabulary]. */
export async function storedLogits(model: string, name: string): Promise<Float32Array> {
  const entry = (await storedTensors(model, 'logits.safetensors')).get(name);
  if (entry === undefined) throw new Error(`${model} has no stored logits "${name}"`);
  return readTensor(entry);
}

/** A file or folder of the shared test material. */
export function testData(...parts: string[]): string {
  return path.join(process.env['LORA_TEST_DATA'] ?? '../shared/data', ...parts);
}

/** For a test's `skip`: why it cannot run where the test material is not there. */
export const skipWithoutTestData = existsSync(testData('models'))
  ? false
  : 'LORA_TEST_DATA does not name a folder with models';
