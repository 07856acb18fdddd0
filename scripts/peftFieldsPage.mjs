// Markdown of docs/peft-fields.md, from schemas/peft-fields.json; scripts/recipeTypes.mjs writes it with the other pages.

const introduction = `<!-- Generated from schemas/peft-fields.json by scripts/recipeTypes.mjs: change that file, not this one. -->

# Fields of PEFT, Transformers and TRL in a recipe

A recipe's keys have the names of PEFT's and Transformers' classes, but not every field of theirs has a key. This page lists
all fields, in the versions that \`npm run parity\` compares with, and says what a recipe does instead. Where such a field is
written into a recipe, \`lora check\` answers with the same sentence. [convert.md](convert.md) turns whole files into recipes.
`;

const classes = {
  LoraConfig: "PEFT's `LoraConfig`",
  TrainingArguments: "Transformers' `TrainingArguments`",
  SFTConfig: "TRL's `SFTConfig`, beside those of TrainingArguments",
  ModelConfig: "TRL's `ModelConfig`, as on the command line of `trl sft`",
  ScriptArguments: "TRL's `ScriptArguments`, as on the command line of `trl sft`",
  former: 'Names of earlier versions',
};

function answer({ key, why, instead }) {
  if (key !== undefined) return `\`${key}\``;
  return [why, instead].filter((part) => part !== undefined).join(' ');
}

/** The same sentence for several fields is said once. */
function rows(fields) {
  const byAnswer = new Map();
  for (const [name, field] of Object.entries(fields)) {
    const said = answer(field);
    byAnswer.set(said, [...(byAnswer.get(said) ?? []), `\`${name}\``]);
  }
  return [...byAnswer].map(([said, names]) => `| ${names.join(', ')} | ${said.replaceAll('|', '\\|')} |`);
}

export function peftFieldsPage(table) {
  const sections = Object.entries(table).map(([name, fields]) => {
    const supported = Object.values(fields).filter(({ key }) => key !== undefined).length;
    return [
      `## ${classes[name]}`,
      '',
      `${Object.keys(fields).length} fields, ${supported} of them keys of a recipe.`,
      '',
      '| field | in a recipe |',
      '| --- | --- |',
      ...rows(fields),
      '',
    ].join('\n');
  });
  return [introduction, ...sections].join('\n');
}
