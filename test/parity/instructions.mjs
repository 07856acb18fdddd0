// Instructions and answers as rows of prompts and completions, so that all programs read the same words.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The lines of a JSON Lines file. `data` is the folder of LORA_TEST_DATA. */
export function instructionLines(data) {
  const all = JSON.parse(readFileSync(path.join(data, 'datasets/rasbt-instruction-data.json'), 'utf8'));
  return all.map(({ instruction, input, output }) => {
    const extra = input === '' ? '' : `\n\n### Input:\n${input}`;
    const prompt = `### Instruction:\n${instruction}${extra}\n\n### Response:\n`;
    return `${JSON.stringify({ prompt, completion: output })}\n`;
  });
}
