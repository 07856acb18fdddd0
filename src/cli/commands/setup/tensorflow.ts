import { formatBytes } from '../../../run/format';
import type { TensorflowSetUp } from '../../../run/tensorflow';
import { tellMade } from '../../command';
import type { CommandContext, CommandExit, CommandInput } from '../../command';
import { wrongUsage } from '../../failures';
import { fileOf, stopped, tellingSteps, tellRemoved } from './news';

/** `lora setup tensorflow`. */
export async function setUpTensorflow(input: CommandInput, context: CommandContext): Promise<CommandExit> {
  if (input.flag('cpu') && input.flag('gpu')) {
    throw wrongUsage('TensorFlow is set up for the processor or for the graphics card.', 'Give --cpu or --gpu.');
  }
  const setUp = await import('../../../engine/operations/tensorflow/setUp');
  if (input.flag('remove')) return tellRemoved('TensorFlow', await setUp.removeTensorflow(), context);
  const file = (option: string): string | null => fileOf(option, input, context);
  const ended = await tellingSteps(context, (onNews) =>
    setUp.setUpTensorflow({
      variant: input.flag('gpu') ? 'gpu' : 'cpu',
      wheel: file('wheel'),
      package: file('package'),
      headers: file('headers'),
      signal: context.signal,
      onNews,
    }),
  );
  return tellMade(context, ended.outcome === 'finished' ? ended.set_up : undefined, whatWasDone, stopped);
}

function whatWasDone({ folder, tensorflow, variant, bytes, difference }: TensorflowSetUp): readonly string[] {
  return [
    `TensorFlow ${tensorflow} is set up in ${folder} (${formatBytes(bytes)}).`,
    `A small training step gave the reference's numbers to ${difference.toExponential(1)} of their size.`,
    variant === 'cpu'
      ? 'In a recipe: "engine": { "runtime": "tensorflow" }'
      : 'In a recipe: "engine": { "runtime": "tensorflow", "device": "cuda" }',
  ];
}
