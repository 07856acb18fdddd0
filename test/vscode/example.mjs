// The bundled example, as a story finds it in its folder.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const numbers = fileURLToPath(new URL('../../examples/numbers', import.meta.url));
export const recipeName = 'count-by-ten.lora.json';

export function copyExample(folder, steps) {
  for (const part of ['model', 'data.jsonl', recipeName]) {
    cpSync(path.join(numbers, part), path.join(folder, part), { recursive: true });
  }
  setSteps(folder, steps);
}

export function setSteps(folder, steps) {
  const file = path.join(folder, recipeName);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"max_steps": \d+/, `"max_steps": ${steps}`));
}
