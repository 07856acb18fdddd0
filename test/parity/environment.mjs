// The Python environment of the reference: a virtual environment outside of the checkout, made on first use.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Files of requirements, and the variables that name an environment made elsewhere. */
const environments = {
  parity: { requirements: path.join(import.meta.dirname, 'requirements.txt'), variable: 'LORA_PARITY_ENV' },
  openai: { requirements: path.join(import.meta.dirname, 'openaiRequirements.txt'), variable: 'LORA_OPENAI_ENV' },
};
/** Written last, so that a folder that has it is complete; holds what was installed. */
const markerName = 'installed-requirements.txt';
const oldestPython = [3, 11];

/** Where this project keeps what is made once and used again. */
export const cacheFolder = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'lora-workbench');

/**
 * Path of a Python interpreter that has exactly the packages of a file of requirements. Makes the environment where there
 * is none yet: at `$LORA_PARITY_ENV`, or below the cache folder under a name that says which requirements it fulfils.
 * Throws an Error with the next step for people.
 * @param name `parity` for requirements.txt, `openai` for openaiRequirements.txt and `$LORA_OPENAI_ENV`
 */
export function pythonWithRequirements(name = 'parity') {
  const { requirements, variable } = environments[name];
  const wanted = readFileSync(requirements, 'utf8');
  const chosen = process.env[variable];
  const folder = chosen ? path.resolve(chosen) : path.join(cacheFolder, `${name}-${digest(wanted)}`);
  if (!existsSync(folder)) makeEnvironment(folder, requirements);
  else if (!isComplete(folder, requirements)) {
    throw new Error(
      `${folder} is not an environment with the packages of ${requirements}: remove it, or set ${variable} to another folder.`,
    );
  }
  return interpreter(folder);
}

function isComplete(folder, requirements) {
  const wanted = readFileSync(requirements, 'utf8');
  const marker = path.join(folder, markerName);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return true;
  return (
    existsSync(interpreter(folder)) && spawnSync(interpreter(folder), ['-c', checkInstalled, requirements]).status === 0
  );
}

/** Compares an environment that was made elsewhere with the pinned versions, a local label such as `+cpu` aside. */
const checkInstalled = `
import re, sys
from importlib.metadata import version
for line in open(sys.argv[1]):
    if pin := re.match(r"([\\w.-]+)==([\\w.]+)", line):
        assert version(pin[1]).split("+")[0] == pin[2], pin[1]
`;

function makeEnvironment(folder, requirements) {
  const python = findPython();
  mkdirSync(path.dirname(folder), { recursive: true });
  // Made beside its place and renamed: a half-made environment never looks like a whole one.
  const draft = mkdtempSync(`${folder}.making-`);
  console.error(`Making the Python environment ${folder} (once; several minutes) …`);
  try {
    execFileSync(python, ['-m', 'venv', draft], { stdio: ['ignore', 2, 2] });
    execFileSync(
      interpreter(draft),
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '-r', requirements],
      {
        stdio: ['ignore', 2, 2],
      },
    );
    writeFileSync(path.join(draft, markerName), readFileSync(requirements, 'utf8'));
    moveInto(draft, folder, requirements);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(
      `The Python environment could not be made (${error.message}). It needs Python's venv module and its package registry.`,
      { cause: error },
    );
  }
}

/** Another process may have finished the same environment first: then that one is used. */
function moveInto(draft, folder, requirements) {
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder) || !isComplete(folder, requirements)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
}

function findPython() {
  const candidates = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
  const works = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${oldestPython.join(', ')}))`;
  const found = candidates.find((candidate) => spawnSync(candidate, ['-c', works]).status === 0);
  if (found === undefined) {
    throw new Error(
      `Comparing with PEFT needs Python ${oldestPython.join('.')} or newer with its venv module, which was not found on the PATH (on Debian: apt-get install python3-venv).`,
    );
  }
  return found;
}

function interpreter(folder) {
  return process.platform === 'win32' ? path.join(folder, 'Scripts', 'python.exe') : path.join(folder, 'bin', 'python');
}

function digest(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
