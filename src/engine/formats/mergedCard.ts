import { markdownText, yamlText } from './cardText';

/** What the model card of a merged model says. Nothing in it is a date or a path of this computer. */
export interface MergedCardFacts {
  readonly name: string;
  readonly baseModel: string;
  /** In the order in which they were added; 1 is as trained. */
  readonly adapters: readonly { readonly name: string; readonly weight: number }[];
  /** PyTorch's name of what the changed weights are stored as. */
  readonly dtype: string;
  /** Shares of how far scores lie apart: merged against attached, and attached against the base model. */
  readonly difference: number;
  readonly change: number;
  /** Tokens that were compared. */
  readonly positions: number;
}

/** The README.md of a merged model: YAML front matter as the Hugging Face hub reads it, then Markdown. */
export function renderMergedCard(facts: MergedCardFacts): string {
  const { name, baseModel, adapters, dtype, difference, change, positions } = facts;
  const added = adapters.map(({ name: adapter, weight }) =>
    weight === 1 ? `- \`${adapter}\`` : `- \`${adapter}\`, ${weight} times as strong as trained`,
  );
  return `---
base_model: ${yamlText(baseModel)}
base_model_relation: merge
library_name: transformers
pipeline_tag: text-generation
tags:
- merge
- lora
---

# ${markdownText(name)}

\`${baseModel}\` with LoRA merged into its weights by LoRA Workbench:

${added.join('\n')}

It is a model of its own and needs neither the base model nor PEFT. The license of the base model applies to it as well.

## How to load it

\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
model = AutoModelForCausalLM.from_pretrained("path/to/this/folder", dtype="auto")
\`\`\`

## How it was checked

It was read from these files and compared with base model and adapters at ${positions} tokens: its scores (logits) differ by
${percent(difference)} of how far scores lie apart. What was learnt moves them by ${percent(change)}. Changed weights are stored
in ${dtype}.
`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
