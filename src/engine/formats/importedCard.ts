import { markdownText, yamlText } from './cardText';

/** What the model card of an adapter says that another tool trained. */
export interface ImportedCardFacts {
  readonly name: string;
  readonly baseModel: string | null;
  /** Where it comes from, such as `trained with mlx-lm`. */
  readonly origin: string;
  readonly modules: number;
}

/** The README.md of an adapter folder that was made of another tool's. */
export function renderImportedCard({ name, baseModel, origin, modules }: ImportedCardFacts): string {
  return `---
${baseModel === null ? '' : `base_model: ${yamlText(baseModel)}\n`}library_name: peft
tags:
- lora
- transformers
---

# ${markdownText(name)}

A LoRA adapter with ${modules} adapted layers${baseModel === null ? '' : ` for \`${baseModel}\``}, ${origin} and
taken over into PEFT's layout by LoRA Workbench. Its numbers are unchanged.
`;
}
