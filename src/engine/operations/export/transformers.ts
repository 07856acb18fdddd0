import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isGguf } from '../../formats/modelFolder';
import type { ExportFormat } from './exportFormat';
import { nearPath } from './nearPath';

/** A program that answers with base model and adapter. */
export const transformersFormat: ExportFormat = {
  purpose: 'a Python file that loads base model and adapter with Transformers and PEFT, and answers',
  isFolder: false,
  ending: '.py',
  async write({ name, folder, base }, target, output) {
    const place = base.folder.path;
    await writeFile(target, script(name, place, nearPath(folder, output)));
    const packages = isGguf(place) ? 'torch transformers peft gguf' : 'torch transformers peft';
    return [`It needs \`pip install ${packages}\`; run it with a prompt after its name.`];
  },
};

function script(name: string, base: string, adapter: string): string {
  // Of a GGUF file Transformers wants the folder and the name, and widens it: no number format is how it is stored.
  const [folder, constant, argument, dtype] = isGguf(base)
    ? [path.dirname(base), `GGUF_FILE = ${pythonText(path.basename(base))}\n`, ', gguf_file=GGUF_FILE', 'float32']
    : [base, '', '', 'auto'];
  return `"""Answers with the LoRA adapter ${docText(name)}.

    python this_file.py "A prompt"             the adapter's answer
    python this_file.py "A prompt" --base      the base model's
    python this_file.py "A prompt" --chat      as a message, where the model has a chat template
"""

import argparse
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

BASE_MODEL = ${pythonText(folder)}
${constant}ADAPTER = Path(__file__).parent / ${pythonText(adapter)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("prompt")
    parser.add_argument("--base", action="store_true", help="answer without the adapter")
    parser.add_argument("--chat", action="store_true", help="hand the prompt over as a chat message")
    parser.add_argument("--max-new-tokens", type=int, default=128)
    parser.add_argument("--dtype", default="${dtype}", help="float32, bfloat16, float16${dtype === 'auto' ? '; auto is how it is stored' : ''}")
    options = parser.parse_args()

    device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(BASE_MODEL${argument})
    model = AutoModelForCausalLM.from_pretrained(BASE_MODEL${argument}, dtype=options.dtype).to(device)
    if not options.base:
        model = PeftModel.from_pretrained(model, ADAPTER)
    model.eval()

    if options.chat:
        messages = [{"role": "user", "content": options.prompt}]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False).to(device)
    else:
        inputs = tokenizer(options.prompt, return_tensors="pt").to(device)
    with torch.inference_mode():
        output = model.generate(**inputs, max_new_tokens=options.max_new_tokens, do_sample=False)
    print(tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))


if __name__ == "__main__":
    main()
`;
}

/** A JSON string is a Python string, too: its escapes mean the same. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}

function docText(text: string): string {
  return text.replace(/["\\\r\n]/g, ' ');
}
