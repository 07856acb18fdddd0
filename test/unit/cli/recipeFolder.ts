import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A temporary folder with `good.lora.json`, whose model does not exist, and `bad.lora.json`, which has two errors. */
export function recipeFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lora-cli-'));
  writeFileSync(
    path.join(folder, 'good.lora.json'),
    '{ "base_model": "m", "dataset": { "path": "d.jsonl" } } // short\n',
  );
  writeFileSync(
    path.join(folder, 'bad.lora.json'),
    '{\n  "base_model": "m",\n  "dataset": { "path": "d" },\n  "lora": { "r": 0, "x": 1 }\n}\n',
  );
  return folder;
}
