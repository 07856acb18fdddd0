import { markdownText, yamlText } from './cardText';
import { usageText } from './cardUsage';

/** What the model card of an adapter says that was made of others. */
export interface CombinedCardFacts {
  readonly name: string;
  readonly baseModel: string | null;
  readonly adapters: readonly { readonly name: string; readonly weight: number }[];
  /** PEFT's name. */
  readonly combinationType: string;
  readonly rank: number;
  /** How far it is from the weighted sum, as a share of it. */
  readonly difference: number;
}

/** The README.md of a combined adapter: YAML front matter as the Hugging Face hub reads it, then Markdown. */
export function renderCombinedCard(facts: CombinedCardFacts): string {
  const { name, baseModel, adapters, combinationType, rank, difference } = facts;
  const added = adapters.map(({ name: adapter, weight }) => `- \`${adapter}\` with a weight of ${weight}`);
  const share = `${Number((100 * difference).toPrecision(2))} %`;
  return `---
${baseModel === null ? '' : `base_model: ${yamlText(baseModel)}\n`}library_name: peft
pipeline_tag: text-generation
tags:
${baseModel === null ? '' : `- ${yamlText(`base_model:adapter:${baseModel}`)}\n`}- lora
- transformers
---

# ${markdownText(name)}

A LoRA adapter${baseModel === null ? '' : ` for \`${baseModel}\``} of rank ${rank} that LoRA Workbench combined of these (PEFT's combination type \`${combinationType}\`):

${added.join('\n')}

It ${difference === 0 ? 'does exactly what their weighted sum does' : `differs from their weighted sum by ${share} of it`}.

${baseModel === null ? '' : usageText({ name, baseModel, rank, holdsWeights: false })}`;
}
