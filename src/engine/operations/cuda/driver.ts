import { cudaCardOld, cudaDriverOld, cudaNoDriver } from '../../runtime/onnx/cuda/failures';
import { runProgram } from '../setUp/program';

/** CUDA 13 asks for it. */
const oldestDriver = 580;
/** The oldest generation of cards (Turing) for which CUDA 13 has code. */
const oldestCapability = 7.5;

/**
 * Whether NVIDIA's driver and at least one of its cards can run CUDA 13, as the driver's own program says.
 * @throws Failure `cuda-no-driver`, `cuda-driver-old`, `cuda-card-old`
 */
export async function checkDriver(signal: AbortSignal): Promise<void> {
  const query = ['--query-gpu=driver_version,compute_cap,name', '--format=csv,noheader'];
  const answer = await runProgram('nvidia-smi', query, { signal });
  const cards = (answer?.stdout ?? '').split('\n').flatMap((line) => {
    const [version = '', capability = '', ...name] = line.split(',').map((part) => part.trim());
    return /^\d/.test(version) ? [{ version, capability, name: name.join(',') }] : [];
  });
  const [first] = cards;
  if (answer?.code !== 0 || first === undefined) throw cudaNoDriver();
  // One driver serves all cards.
  if (Number.parseInt(first.version, 10) < oldestDriver) throw cudaDriverOld(first.version);
  const isOld = ({ capability }: { readonly capability: string }): boolean => Number(capability) < oldestCapability;
  if (cards.every(isOld)) throw cudaCardOld(first.name, first.capability);
}
