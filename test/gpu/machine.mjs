// What a machine is, and what it has of GPUs, as its own programs say.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { said } from './program.mjs';

const driverFolders = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
const libraryFolders = ['/usr/lib', '/usr/lib64', '/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu'];

/** Whether this machine looks as if it had a GPU: the devices of its drivers are there. */
export function hasGpu() {
  const cards = list('/dev/dri').filter((name) => name.startsWith('renderD'));
  return cards.length > 0 || ['/dev/nvidia0', '/dev/dxg'].some((file) => existsSync(file));
}

export async function describe() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const cards = '--query-gpu=name,driver_version,memory.total,compute_cap';
  return {
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? os.platform(),
    kernel: os.release(),
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGigabytes: os.totalmem() / 1e9,
    node: process.version,
    nvidia: await said('nvidia-smi', cards, '--format=csv,noheader'),
    devices: ['/dev/nvidia0', '/dev/dxg', ...list('/dev/dri').map((name) => path.join('/dev/dri', name))].filter(
      existsSync,
    ),
    vulkanLoader:
      libraryFolders.map((folder) => path.join(folder, 'libvulkan.so.1')).find((file) => existsSync(file)) ?? null,
    vulkanDrivers: driverFolders.flatMap((folder) => list(folder).map((name) => path.join(folder, name))),
    vulkan: await said('vulkaninfo', '--summary'),
  };
}

function list(folder) {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
