// Every field of PEFT's LoraConfig, and of the classes that train with it, has an answer in schemas/peft-fields.json.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pythonWithRequirements } from './environment.mjs';

const here = import.meta.dirname;

/** What differs between the installed packages and the table, one sentence each; empty when nothing does. */
export function fieldDifferences() {
  const installed = JSON.parse(
    execFileSync(pythonWithRequirements(), [path.join(here, 'fields.py')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    }),
  );
  const table = JSON.parse(readFileSync(path.join(here, '../../schemas/peft-fields.json'), 'utf8'));
  const current = Object.values(installed).flat();
  return [
    ...Object.entries(installed).flatMap(([name, fields]) => compare(name, fields, Object.keys(table[name] ?? {}))),
    ...Object.keys(table.former)
      .filter((field) => current.includes(field))
      .map((field) => `${field} is a field again: move it out of "former".`),
  ];
}

function compare(name, installed, answered) {
  return [
    ...installed.filter((field) => !answered.includes(field)).map((field) => `${name} has a new field ${field}.`),
    ...answered.filter((field) => !installed.includes(field)).map((field) => `${name} has no field ${field} any more.`),
  ];
}
