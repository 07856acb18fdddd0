// The bundled example in a folder of a test's own, and what its runs left there.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const numbers = fileURLToPath(new URL('../../examples/numbers', import.meta.url));

export const recipeName = 'count-by-ten.lora.json';

/** More steps than any machine does before it is asked to stop. */
export const endless = 200_000;

export function copyExample(folder, steps) {
  for (const part of ['model', 'data.jsonl', recipeName]) {
    cpSync(path.join(numbers, part), path.join(folder, part), { recursive: true });
  }
  setSteps(folder, steps);
  if (steps === endless) trainBesideOthers(folder);
}

/** With a target module that the model does not have: `v_prj`. */
export function copyMistyped(folder) {
  copyExample(folder, 10);
  const file = path.join(folder, recipeName);
  writeFileSync(file, readFileSync(file, 'utf8').replace('"all-linear"', '["q_proj", "v_prj"]'));
}

/** On one thread: such a small model is no faster on two, and what it trains beside gets the other. */
function trainBesideOthers(folder) {
  const file = path.join(folder, recipeName);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('"output":', '"engine": { "threads": 1 },\n  "output":'));
}

export function copyData(folder) {
  cpSync(path.join(numbers, 'data.jsonl'), path.join(folder, 'data.jsonl'));
}

export function setSteps(folder, steps) {
  setTraining(folder, { max_steps: steps });
}

/** Sets keys of the recipe's `training`, also such as it does not have yet. */
export function setTraining(folder, values) {
  const file = path.join(folder, recipeName);
  let text = readFileSync(file, 'utf8');
  for (const [key, value] of Object.entries(values)) {
    const known = new RegExp(`"${key}": [^,\\s}]+`);
    if (known.test(text)) text = text.replace(known, `"${key}": ${value}`);
    else text = text.replace(/"training": \{/, `"training": {\n    "${key}": ${value},`);
  }
  writeFileSync(file, text);
}

/** Folders of runs, `…/.lora/runs/<id>`; a folder becomes a run with its `state.json`. */
export function runs(folder) {
  const all = path.join(folder, '.lora', 'runs');
  const names = existsSync(all) ? readdirSync(all) : [];
  return names.map((name) => path.join(all, name)).filter((run) => existsSync(path.join(run, 'state.json')));
}

/** A run's `state.json`. */
export function record(run) {
  return JSON.parse(readFileSync(path.join(run, 'state.json'), 'utf8'));
}

/** Has the window in another theme. */
export function chooseTheme(folder, theme) {
  mkdirSync(path.join(folder, '.vscode'), { recursive: true });
  writeFileSync(path.join(folder, '.vscode', 'settings.json'), JSON.stringify({ 'workbench.colorTheme': theme }));
}

export const figure = (dashboard, name) => dashboard.locator('dl.figures > div', { hasText: name }).locator('dd');

/** The step that a dashboard shows. */
export async function stepOf(dashboard) {
  return Number((await figure(dashboard, 'Step').textContent()).split(' of ')[0].replaceAll(',', ''));
}
