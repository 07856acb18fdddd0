import { shellWord } from './cardText';
import { isGguf } from './modelFolder';

/** What the ways to load an adapter depend on. */
export interface CardUsage {
  readonly name: string;
  readonly baseModel: string;
  readonly isBaseModelRelative?: boolean;
  /** Largest rank of a layer. */
  readonly rank: number;
  /** Whether whole weights are trained beside the adapter, which most programs have no place for. */
  readonly holdsWeights: boolean;
}

/** Ranks that vLLM knows. */
const vllmRanks = [8, 16, 32, 64, 128, 256, 320, 512];

/** How to load an adapter in the programs that people run. */
export function usageText(facts: CardUsage): string {
  const from =
    facts.isBaseModelRelative === true
      ? '\nThe path of the base model is relative to the folder of the recipe: run this there, or write its whole path.\n'
      : '';
  const others = facts.holdsWeights ? mergeFirst(facts) : adapterPrograms(facts);
  return `## How to load it
${from}
### Transformers and PEFT

\`\`\`python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

${loading(facts.baseModel)}
model = PeftModel.from_pretrained(model, "path/to/this/folder")
\`\`\`

${others}`;
}

/** Of a GGUF file Transformers wants the folder and the name. */
function loading(baseModel: string): string {
  const [, folder = '', file = ''] = isGguf(baseModel) ? (/^(.*?)[/\\]?([^/\\]+)$/.exec(baseModel) ?? []) : [];
  const argument = file === '' ? '' : ', gguf_file=gguf_file';
  return [
    `base_model = ${JSON.stringify(file === '' ? baseModel : folder === '' ? '.' : folder)}`,
    ...(file === '' ? [] : [`gguf_file = ${JSON.stringify(file)}  # needs the package gguf`]),
    `tokenizer = AutoTokenizer.from_pretrained(base_model${argument})`,
    `model = AutoModelForCausalLM.from_pretrained(base_model${argument})`,
  ].join('\n');
}

function adapterPrograms({ name, baseModel, rank }: CardUsage): string {
  const [base, own] = [shellWord(baseModel), shellWord(plainName(name))];
  const maxRank = vllmRanks.find((known) => known >= rank) ?? rank;
  const rankOption = maxRank <= 16 ? '' : ` --max-lora-rank ${maxRank}`;
  const vllm = `### vLLM

\`\`\`sh
vllm serve ${base} --enable-lora${rankOption} --lora-modules ${own}=path/to/this/folder
\`\`\`

`;
  const mlx = `### MLX

\`\`\`sh
lora export path/to/this/folder --format mlx --output ${own}-mlx
mlx_lm.generate --model ${base} --adapter-path ${own}-mlx --prompt "…"
\`\`\`

`;
  // Neither vLLM with an adapter nor mlx-lm loads a GGUF file.
  return `${isGguf(baseModel) ? '' : vllm}### llama.cpp

\`\`\`sh
lora export path/to/this/folder --format gguf-adapter --output ${own}.gguf
llama-cli -m ${isGguf(baseModel) ? base : 'base-model.gguf'} --lora ${own}.gguf
\`\`\`

${isGguf(baseModel) ? '' : mlx}### Ollama

\`\`\`sh
lora export path/to/this/folder --format ollama --output Modelfile   # for LLaMA and Mistral; else merge it first
ollama create ${own.toLowerCase()} -f Modelfile
\`\`\`

### Programs that know no adapters

\`\`\`sh
lora merge path/to/this/folder --output ${own}-merged
\`\`\`
`;
}

function mergeFirst({ name }: CardUsage): string {
  return `### vLLM, llama.cpp, MLX, Ollama

It holds weights that were trained in full, which these have no place for in an adapter: merge it, and use the model.

\`\`\`sh
lora merge path/to/this/folder --output ${shellWord(plainName(name))}-merged
\`\`\`
`;
}

function plainName(name: string): string {
  return name.replace(/[^\w.-]+/g, '-').replace(/^[-.]+/, '') || 'adapter';
}
