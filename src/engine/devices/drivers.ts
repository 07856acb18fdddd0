import { readdirSync, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cudaFolder, noteName } from '../runtime/onnx/cuda/place';

/** Where Vulkan's loader looks for drivers on Linux. */
const driverFolders = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
const choosing = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES', 'CUDA_VISIBLE_DEVICES'];

/** Changes when the system, its graphics drivers or devices change, as far as that can be seen without loading them. */
export function driversKey(environment = process.env): string {
  const folders = [...driverFolders, path.join(os.homedir(), '.local/share/vulkan/icd.d')];
  const parts = [
    os.platform(),
    os.arch(),
    os.release(),
    ...choosing.map((name) => environment[name] ?? ''),
    ...folders.flatMap((folder) => list(folder)),
    ...list('/dev/dri'),
    textOf('/proc/driver/nvidia/version'),
    // CUDA may have been set up or removed.
    textOf(path.join(cudaFolder(), noteName)),
  ];
  return parts.join('\n');
}

/** Name, size and time of change of each file of a folder; nothing where there is none. */
function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => {
        const { size, mtimeMs } = statSync(path.join(folder, name));
        return `${name} ${size} ${mtimeMs}`;
      });
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
