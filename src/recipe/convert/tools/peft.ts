import { fieldRules, targets } from '../rules';
import type { Rules, Translation } from '../translation';

/** Fields of PEFT's LoraConfig. */
export const loraRules: Rules = { ...fieldRules('LoraConfig'), target_modules: targets('all-linear') };

export function assumeLoraDefaults(translation: Translation): void {
  translation.assume('lora.lora_alpha', 8, "PEFT's default");
  translation.assume('lora.lora_dropout', 0, "PEFT's default");
}

export function finishPeft(translation: Translation): void {
  assumeLoraDefaults(translation);
  if (!translation.written.has('dataset.path')) {
    translation.leaveToFill(
      'dataset.path',
      'data/train.jsonl',
      'adapter_config.json does not say what the adapter learnt.',
    );
  }
}
