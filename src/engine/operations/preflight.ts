import path from 'node:path';
import { Failure } from '../../failure/failure';
import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import type { CostFacts, Facts } from '../../recipe/facts';
import { checkDraft } from '../../recipe/parse';
import type { Problem } from '../../recipe/problem';
import type { Plan } from '../../run/plan';
import { gatherFacts, plainSources } from '../facts/gatherFacts';
import type { Prepared } from './prepare';

/**
 * The checks of the recipe language on what has been opened for a run, so that nothing begins that `lora check` would
 * refuse. What is doubtful in the model, the data and the places becomes a warning of the plan.
 * @throws Failure with the code of the first error
 */
export async function preflight(prepared: Prepared, plan: Plan): Promise<Plan> {
  const { loaded } = prepared;
  const problems = checkDraft(loaded.text, { ...(await factsOf(prepared)), cost: costFacts(plan) });
  const error = problems.find(({ severity }) => severity === 'error');
  if (error !== undefined) throw failureOf(error, loaded);
  // What the text alone shows has been said when the recipe was read.
  const known = new Set(checkDraft(loaded.text, {}).map(({ code, path: key }) => `${code} ${key}`));
  const warnings = problems.filter(
    ({ severity, code, path: key }) => severity === 'warning' && !known.has(`${code} ${key}`),
  );
  return { ...plan, warnings: [...plan.warnings, ...warnings.map(({ message }) => message)] };
}

/** Nothing is opened twice that has been opened already. */
async function factsOf({ loaded, base, tokenizer }: Prepared): Promise<Facts> {
  return gatherFacts(
    { text: loaded.text, file: loaded.file },
    { ...plainSources, openModel: () => Promise.resolve(base), openTokenizer: () => Promise.resolve(tokenizer) },
  );
}

export function costFacts({ memory, data, method, compute }: Plan): CostFacts {
  const { device_bytes: onDevice } = memory;
  return {
    memoryBytes: method === 'full' ? memory.full_bytes : memory.lora_bytes,
    steps: data.total_steps,
    ...(onDevice === null ? {} : { onDevice: { device: compute.device, memoryBytes: onDevice } }),
  };
}

function failureOf({ code, message, path: key, file, range }: Problem, loaded: LoadedRecipe): Failure {
  const place =
    file === undefined
      ? { path: key }
      : { file: path.resolve(path.dirname(loaded.file), file), line: range.start.line + 1 };
  return new Failure(code, message, { place });
}
