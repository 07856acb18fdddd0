// The bundled example in a folder of its own, and what its runs and their dashboard say.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const numbers = fileURLToPath(new URL('../../examples/numbers', import.meta.url));
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

export function runs(folder) {
  const all = path.join(folder, '.lora', 'runs');
  return existsSync(all) ? readdirSync(all).map((name) => path.join(all, name)) : [];
}

export function record(run) {
  return JSON.parse(readFileSync(path.join(run, 'state.json'), 'utf8'));
}

/** Has the window in another theme. */
export function chooseTheme(folder, theme) {
  mkdirSync(path.join(folder, '.vscode'));
  writeFileSync(path.join(folder, '.vscode', 'settings.json'), JSON.stringify({ 'workbench.colorTheme': theme }));
}

export const figure = (dashboard, name) => dashboard.locator('dl.figures > div', { hasText: name }).locator('dd');

export async function stepOf(dashboard) {
  return Number((await figure(dashboard, 'Step').textContent()).split(' of ')[0].replaceAll(',', ''));
}

/** More steps than any machine does before it is asked to stop. */
export const endless = 200_000;
