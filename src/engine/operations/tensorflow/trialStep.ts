import { difference } from '../../devices/difference';
import { numbersStep, probeStep } from '../../devices/probeGraph';
import { ReferenceRuntime } from '../../runtime/reference/referenceRuntime';
import { TensorflowRuntime } from '../../runtime/tensorflow/tensorflowRuntime';

/** How far a small training step of TensorFlow's is from the reference runtime's. @throws Failure `tensorflow-…` */
export async function trialStep(binding: string, gpu: boolean): Promise<ReturnType<typeof difference>> {
  const { graph, weights, inputs } = probeStep(numbersStep);
  const expected = await new ReferenceRuntime().compile(graph, weights);
  const executable = await new TensorflowRuntime({ binding, threads: 0, gpu }).compile(graph, weights);
  try {
    return difference(await executable.run(inputs), await expected.run(inputs));
  } finally {
    await executable.dispose();
  }
}
