import type { CudaSetUp } from '../../../run/cuda';
import { formatBytes } from '../../../run/format';
import { tellMade } from '../../command';
import type { CommandContext, CommandExit, CommandInput } from '../../command';
import { wrongUsage } from '../../failures';
import { fileOf, stopped, tellingSteps, tellRemoved } from './news';

/** `lora setup cuda`. */
export async function setUpCuda(input: CommandInput, context: CommandContext): Promise<CommandExit> {
  const others = ['cpu', 'gpu'].filter((flag) => input.flag(flag));
  const files = ['package', 'headers'].filter((option) => input.text(option) !== undefined);
  const [other] = [...others, ...files];
  if (other !== undefined) {
    throw wrongUsage(`--${other} belongs to \`lora setup tensorflow\`.`, 'Write `lora setup cuda` without it.');
  }
  const setUp = await import('../../../engine/operations/cuda/setUp');
  if (input.flag('remove')) return tellRemoved('CUDA', await setUp.removeCuda(), context);
  const wheel = fileOf('wheel', input, context);
  const ended = await tellingSteps(context, (onNews) => setUp.setUpCuda({ wheel, signal: context.signal, onNews }));
  return tellMade(context, ended.outcome === 'finished' ? ended.set_up : undefined, whatWasDone, stopped);
}

function whatWasDone({ folder, onnxruntime, bytes, step_ms, cpu_step_ms }: CudaSetUp): readonly string[] {
  return [
    `CUDA is set up for ONNX Runtime ${onnxruntime} in ${folder} (${formatBytes(bytes)}).`,
    ...(step_ms === null || cpu_step_ms === null
      ? []
      : [
          `A small training step takes ${step_ms.toFixed(1)} ms on the card and ${cpu_step_ms.toFixed(1)} ms on the processor.`,
        ]),
    'Recipes take it where it is the fastest; by name: "engine": { "device": "cuda" }',
  ];
}
