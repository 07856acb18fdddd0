import { implied, fieldRules, without } from '../rules';
import { takeDataset } from '../datasets';
import { isTable, type Setting } from '../source';
import type { Rule, Rules, Translation } from '../translation';
import { assumeTrainerDefaults, modelRules, sftRules } from './trainer';

/** `datasets: [{ path, data_files, split }]`, TRL's mixture: the first is taken. */
const mixture: Rule = (setting, translation) => {
  const [first, ...others] = setting.members;
  const inner = (of: Setting, name: string): Setting | undefined => of.members.find((member) => member.name === name);
  const place = first && (inner(first, 'data_files') ?? inner(first, 'path'));
  if (first === undefined || place === undefined || !isTable(first.value)) {
    translation.drop(setting, 'It names no dataset.', 'Name the file in `dataset.path`.');
    return;
  }
  takeDataset(place, translation);
  for (const member of first.members)
    if (member !== place)
      translation.drop(member, 'A recipe reads one file, whole.', 'Make a file of the rows that you want.');
  for (const other of others)
    translation.drop(other, 'A recipe reads one file.', 'Put the rows of all datasets into one file.');
};

export const trlRules: Rules = {
  ...sftRules,
  ...modelRules,
  ...fieldRules('ScriptArguments'),
  dataset_name: (setting, translation) => takeDataset(setting, translation),
  dataset_train_split: without('A recipe reads one file.', 'Name the file of that split in `dataset.path`.', 'train'),
  datasets: mixture,
  streaming: implied,
  test_split_size: (setting, translation) => translation.keep(setting, 'dataset.eval_split'),
  config: without('The settings in that file are not looked at here.', 'Convert that file too and put both together.'),
  env: without('A recipe sets no environment variables.', 'Set them before `lora train`.'),
};

export function finishTrl(translation: Translation): void {
  if (translation.valueOf('use_peft') !== true)
    translation.assume('method', 'full', 'without use_peft TRL trains every weight');
  else {
    translation.assume('lora.r', 16, "TRL's default");
    translation.assume('lora.lora_alpha', 32, "TRL's default");
  }
  finishTrainer(translation, "TRL's", 2e-5);
}

/** What SFTTrainer does where nothing is said. */
export function finishTrainer(translation: Translation, whose: string, learningRate?: number): void {
  translation.assume('dataset.max_length', 1024, `${whose} default`);
  translation.assume('dataset.packing', false, `${whose} default`);
  translation.assume(
    'dataset.completion_only_loss',
    true,
    'of chats TRL learns every word unless assistant_only_loss is set',
  );
  assumeTrainerDefaults(translation, whose, learningRate);
  if (translation.valueOf('eval_strategy') === undefined && translation.valueOf('evaluation_strategy') === undefined) {
    translation.assume('dataset.eval_split', 0, `${whose} default: no evaluation`);
  }
}
