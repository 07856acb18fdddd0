import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { recoverFolder } from '../../../formats/atomicFile';
import { userCacheFolder } from '../../../formats/userCache';

/** Where `lora setup cuda` puts ONNX Runtime's provider and NVIDIA's libraries: a folder of its own. */
export function cudaFolder(): string {
  return path.join(userCacheFolder(), 'cuda');
}

/** ONNX Runtime's own library, beside which it looks for providers. */
export const coreLibrary = 'libonnxruntime.so.1';
/** What ONNX Runtime loads by itself, from beside its own library. */
export const providerLibraries = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;
/** NVIDIA's libraries that the provider needs, each after those that it needs itself. */
export const nvidiaLibraries = [
  'libcudart.so.13',
  'libcublasLt.so.13',
  'libcublas.so.13',
  'libcurand.so.10',
  'libnvrtc.so.13',
  'libcudnn.so.9',
] as const;
/** What is noted beside them. */
export const noteName = 'setup.json';

/** The release of ONNX Runtime for which CUDA is set up; undefined where it is not. */
export function builtRelease(folder = cudaFolder()): string | undefined {
  try {
    const note = JSON.parse(readFileSync(path.join(folder, noteName), 'utf8')) as { onnxruntime?: unknown };
    return typeof note.onnxruntime === 'string' ? note.onnxruntime : undefined;
  } catch {
    return undefined;
  }
}

/** The same, once a set-up that was killed in its last moment is finished. */
export async function recoveredRelease(folder = cudaFolder()): Promise<string | undefined> {
  if (!existsSync(folder)) await recoverFolder(folder).catch(() => undefined);
  return builtRelease(folder);
}

/** Where onnxruntime-node lies, found without loading it. */
export function onnxPackage(): { readonly version: string; readonly native: string } {
  const file = createRequire(path.join(__dirname, 'here.js')).resolve('onnxruntime-node/package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return { version, native: path.join(path.dirname(file), 'bin', 'napi-v6', process.platform, process.arch) };
}
