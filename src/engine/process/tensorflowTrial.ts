import { toWire } from '../../run/wireError';
import type { TrialAnswer } from '../operations/tensorflow/trial';
import { trialStep } from '../operations/tensorflow/trialStep';
import { holdLifeline } from './lifeline';

/**
 * Entry point of `dist/tensorflowTrial.js`, the process in which a set-up tries TensorFlow. Its arguments are the binding's file
 * and `cpu` or `gpu`. It sends one `TrialAnswer` and ends; with its parent it ends at once.
 */
async function main(): Promise<void> {
  holdLifeline(0, () => process.exit(1));
  const [binding = '', variant] = process.argv.slice(2);
  const answer: TrialAnswer = await trialStep(binding, variant === 'gpu').then(
    (difference) => ({ difference }),
    (error: unknown) => ({ error: toWire(error) }),
  );
  await new Promise<void>((resolve) => process.send!(answer, () => resolve()));
  process.exit(0);
}

void main();
