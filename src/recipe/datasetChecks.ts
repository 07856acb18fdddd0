import type { RecipeDraft } from './draft';
import { preferred, removeKey, setValue } from './fix';
import { recipeDefaults, type DatasetSection } from './recipe.generated';
import { listOf } from './words';
import { check, type Finding, type RecipeCheck } from './recipeCheck';

type Format = NonNullable<DatasetSection['format']>;

/** The column roles that a row of each format is made of. */
const rolesOf: Readonly<Record<Format, readonly string[] | undefined>> = {
  auto: undefined,
  text: ['text'],
  messages: ['messages'],
  'prompt-completion': ['prompt', 'completion'],
  alpaca: ['instruction', 'input', 'output'],
  sharegpt: ['conversations'],
  'image-folder': undefined,
};

/** Paths that name the same place: `./a/`, `a` and `a/b/..`. Nothing is looked up on disk. */
function plainPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return (/^[/\\]/.test(path) ? '/' : '') + parts.join('/');
}

function overwritten(draft: RecipeDraft): readonly Finding[] {
  if (draft.output === undefined) return [];
  const output = plainPath(draft.output);
  const inputs = { base_model: draft.base_model, 'lora.init_from': draft.lora?.init_from ?? undefined };
  return Object.entries(inputs).flatMap(([key, input]) => {
    if (input === undefined || plainPath(input) !== output) return [];
    const message = `The finished adapter would overwrite \`${key}\`. Choose another folder.`;
    return [{ path: ['output'], message, fixes: [preferred(removeKey(['output'], 'Use the usual folder'))] }];
  });
}

function deployFindings({ deploy_to: target, lora }: RecipeDraft): readonly Finding[] {
  const saved = lora?.modules_to_save ?? [];
  const isGguf = target === 'gguf' || target === 'llama.cpp' || target === 'ollama';
  const findings: Finding[] = [];
  if ((isGguf || target === 'vllm') && saved.length > 0) {
    const message = isGguf
      ? 'A GGUF adapter cannot hold modules that are trained in full. Merge the adapter into the model before you export it.'
      : 'vLLM loads no adapters with modules that are trained in full. Merge the adapter into the model instead.';
    findings.push({ path: ['lora', 'modules_to_save'], message, fixes: [removeKey(['lora', 'modules_to_save'])] });
  }
  if ((isGguf || target === 'vllm') && (lora?.bias ?? 'none') !== 'none') {
    const message = `${isGguf ? 'A GGUF adapter' : 'vLLM'} cannot use trained biases. Set \`bias\` to "none" or merge the adapter.`;
    findings.push({ path: ['lora', 'bias'], message, fixes: [setValue(['lora', 'bias'], 'none', 'Train no biases')] });
  }
  if (target === 'vllm' && (lora?.r ?? recipeDefaults.lora.r) > 16) {
    const message = `vLLM refuses ranks above 16 unless it is started with --max-lora-rank ${lora!.r!}.`;
    findings.push({ path: ['lora', 'r'], message });
  }
  return findings;
}

/** Rules about the data, the paths and what happens with the adapter. */
export const datasetChecks: readonly RecipeCheck[] = [
  check({
    code: 'no-evaluation',
    severity: 'warning',
    title: 'Several epochs without an evaluation',
    run({ dataset, training }) {
      const split = dataset?.eval_split ?? recipeDefaults.dataset.eval_split;
      const isLimited = (training?.max_steps ?? -1) > 0;
      const epochs = training?.num_train_epochs ?? recipeDefaults.training.num_train_epochs;
      if (split > 0 || (dataset?.eval_path ?? null) !== null || isLimited || epochs <= 1) return [];
      const message = `Without an evaluation set nothing shows when ${epochs} passes over the data begin to be learnt by heart. Set \`eval_split\` to 0.05.`;
      const fix = setValue(['dataset', 'eval_split'], 0.05, 'Set 5 % of the rows aside for evaluation');
      return [{ path: ['dataset', 'eval_split'], message, fixes: [preferred(fix)] }];
    },
  }),
  check({
    code: 'eval-split-without-effect',
    severity: 'info',
    title: '`eval_split` beside `eval_path`',
    run({ dataset }) {
      if ((dataset?.eval_path ?? null) === null || (dataset?.eval_split ?? 0) === 0) return [];
      const message = 'The evaluation rows come from `eval_path`, so that this has no effect.';
      return [{ path: ['dataset', 'eval_split'], message, fixes: [preferred(removeKey(['dataset', 'eval_split']))] }];
    },
  }),
  check({
    code: 'evaluates-training-data',
    severity: 'warning',
    title: 'The evaluation file is the training file',
    run({ dataset }) {
      if (dataset?.path === undefined || typeof dataset.eval_path !== 'string') return [];
      if (plainPath(dataset.path) !== plainPath(dataset.eval_path)) return [];
      const message =
        'This is the training file itself: the loss on rows that were learnt says nothing about new ones. Use `eval_split` instead.';
      const fix = removeKey(['dataset', 'eval_path'], 'Set some of the rows aside instead');
      return [{ path: ['dataset', 'eval_path'], message, fixes: [preferred(fix)] }];
    },
  }),
  check({
    code: 'column-without-effect',
    severity: 'error',
    title: 'A column for a role that the format does not have',
    run({ dataset }) {
      const format = dataset?.format ?? 'auto';
      const roles = rolesOf[format];
      if (roles === undefined) return [];
      return Object.keys(dataset?.columns ?? {}).flatMap((role) => {
        if (roles.includes(role)) return [];
        const message = `Rows of the format "${format}" have no \`${role}\`, only ${listOf(roles.map((known) => `\`${known}\``))}.`;
        const path = ['dataset', 'columns', role];
        return [{ path, isKey: true, message, fixes: [preferred(removeKey(path))] }];
      });
    },
  }),
  check({
    code: 'output-overwrites-input',
    severity: 'error',
    title: 'The adapter would be written over what it is made from',
    run: overwritten,
  }),
  check({
    code: 'deploy-target',
    severity: 'warning',
    title: 'The program in `deploy_to` cannot use such an adapter',
    run: deployFindings,
  }),
];
