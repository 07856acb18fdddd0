import { existsSync } from 'node:fs';
import { builtRelease, onnxPackage } from '../runtime/onnx/cuda/place';

/** NVIDIA's driver on Linux, and the card of the computer around it where Linux runs inside of Windows. */
const signsOfDriver = ['/proc/driver/nvidia/version', '/dev/dxg'];

/** Why CUDA's libraries are not there, and the step that brings them. */
export function withoutCuda(): { readonly reason: string; readonly enable: string } {
  const { version } = onnxPackage();
  const release = builtRelease();
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const enable = 'Use engine.device "webgpu", which computes on NVIDIA GPUs as well.';
    return { reason: 'CUDA can be set up on Linux with an x64 processor alone.', enable };
  }
  if (release !== undefined && release !== version) {
    const reason = `CUDA was set up for ONNX Runtime ${release}, and this program has ${version}.`;
    return { reason, enable: 'Run `lora setup cuda`, which sets it up anew.' };
  }
  if (!signsOfDriver.some((file) => existsSync(file))) {
    const enable = "Install NVIDIA's driver (580 or later), then run `lora setup cuda`.";
    return { reason: 'No driver of an NVIDIA GPU was found.', enable };
  }
  return { reason: 'Its libraries are not set up.', enable: 'Run `lora setup cuda`, which fetches them.' };
}
