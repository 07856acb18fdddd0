import path from 'node:path';
import { formatBytes } from '../../run/format';
import { requiredOption } from '../arguments';
import { printJson, type Command } from '../command';

export const importCommand: Command = {
  name: 'import',
  summary: "Make an adapter in PEFT's layout of one for mlx-lm or llama.cpp",
  arguments: [{ name: 'FROM', isRequired: true }],
  options: {
    output: { type: 'text', value: 'DIR', description: 'Folder of the adapter that is made.' },
    'base-model': {
      type: 'text',
      value: 'M',
      description: 'What the adapter calls its base model; without it what it says itself.',
    },
    overwrite: { type: 'flag', description: 'Replace an older adapter in that folder.' },
  },
  notes: [
    'FROM is the folder that mlx_lm.lora wrote, or the .gguf file of an adapter for llama.cpp.',
    'A LLaMA adapter from a .gguf file mostly needs --base-model: the order of its rows depends on the attention heads.',
  ],
  stopsWhenAsked: false,
  async run(input, context) {
    const imported = await (
      await context.engine()
    ).import({
      from: path.resolve(context.cwd, input.positionals[0]!),
      output: path.resolve(context.cwd, requiredOption('import', input, 'output', 'DIR')),
      baseModel: input.text('base-model') ?? null,
      overwrite: input.flag('overwrite'),
    });
    if (context.isJson) printJson(context, imported);
    else {
      const { output, bytes, modules, notes } = imported;
      context.words.line(`The adapter is in ${output}: ${modules} adapted layers, ${formatBytes(bytes)}.`);
      for (const note of notes) context.words.line(note);
    }
    return 0;
  },
};
