import { recipeDefaults, type Recipe, type ResolvedRecipe } from './recipe.generated';

/** `support-bot` from `recipes/support-bot.lora.json`. */
export function nameFromFile(recipeFile: string): string {
  const base = recipeFile.split(/[/\\]/).at(-1) ?? '';
  const name = base.replace(/(\.lora)?\.jsonc?$/i, '').replace(/^\.+/, '');
  return name === '' ? 'adapter' : name;
}

/** Fills in every default. `recipeFile` is the recipe's path or file name, which names the adapter. */
export function resolveRecipe(recipe: Recipe, { recipeFile }: { readonly recipeFile: string }): ResolvedRecipe {
  const name = recipe.name ?? nameFromFile(recipeFile);
  const training = { ...recipeDefaults.training, ...recipe.training };
  return {
    name,
    base_model: recipe.base_model,
    task_type: recipe.task_type ?? recipeDefaults.task_type,
    method: recipe.method ?? recipeDefaults.method,
    deploy_to: recipe.deploy_to ?? recipeDefaults.deploy_to,
    output: recipe.output ?? `adapters/${name}`,
    lora: { ...recipeDefaults.lora, ...recipe.lora },
    dataset: { ...recipeDefaults.dataset, ...recipe.dataset },
    training: {
      ...training,
      per_device_eval_batch_size: training.per_device_eval_batch_size ?? training.per_device_train_batch_size,
      warmup_steps: warmupSteps(recipe),
    },
    engine: { ...recipeDefaults.engine, ...recipe.engine },
  };
}

/** As in Transformers, 0 steps beside a written ratio means the ratio; 0 steps alone means no warm-up. */
function warmupSteps({ training }: Recipe): number | null {
  const steps = training?.warmup_steps ?? null;
  return steps === 0 && (training?.warmup_ratio ?? 0) > 0 ? null : steps;
}
