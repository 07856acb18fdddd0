import { shellWord, yamlText } from './cardText';

/**
 * A model card in which the base model `from` is called `to`: in the front matter, in code and in command lines. Other
 * places where the same letters stand are left alone.
 */
export function withBaseModel(card: string, from: string | null, to: string): string {
  if (from === null) return withFrontMatter(card, to);
  const changes: readonly [string, string][] = [
    [`base_model: ${yamlText(from)}\n`, `base_model: ${yamlText(to)}\n`],
    [`- ${yamlText(`base_model:adapter:${from}`)}\n`, `- ${yamlText(`base_model:adapter:${to}`)}\n`],
    [JSON.stringify(from), JSON.stringify(to)],
    [`\`${from}\``, `\`${to}\``],
    [`vllm serve ${shellWord(from)} `, `vllm serve ${shellWord(to)} `],
    [`--model ${shellWord(from)} `, `--model ${shellWord(to)} `],
    // It is no path any more.
    [
      'The path of the base model is relative to the folder of the recipe: run this there, or write its whole path.\n',
      '',
    ],
  ];
  const renamed = from.toLowerCase().endsWith('.gguf') ? withoutGguf(card, from, to) : card;
  return changes.reduce((text, [before, after]) => text.replaceAll(before, after), renamed);
}

/** On the hub the base model is a folder, from which Transformers needs no GGUF file. */
function withoutGguf(card: string, from: string, to: string): string {
  return card
    .replace(/^base_model = ".*"\ngguf_file = ".*".*$/m, `base_model = ${JSON.stringify(to)}`)
    .replaceAll(', gguf_file=gguf_file)', ')')
    .replaceAll(`llama-cli -m ${shellWord(from)} `, 'llama-cli -m base-model.gguf ');
}

/** A card that names no base model gets one. */
function withFrontMatter(card: string, to: string): string {
  return card.startsWith('---\n') ? `---\nbase_model: ${yamlText(to)}\n${card.slice(4)}` : card;
}
