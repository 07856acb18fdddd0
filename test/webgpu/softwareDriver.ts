import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The Vulkan driver of Debian's Chromium: it plays a GPU on the processor. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * The driver that these tests run on: the one that `VK_DRIVER_FILES` names, or Chromium's. Undefined where there is none,
 * or no Vulkan loader.
 */
export function softwareDriver(): string | undefined {
  const driver = process.env['VK_DRIVER_FILES'] ?? swiftShader;
  return existsSync(driver) && hasLoader() ? driver : undefined;
}

/** `npm run test:gpu` sets it: the drivers that this machine has, whatever they are. */
const onInstalledDriver = process.env['LORA_TEST_WEBGPU'] === 'installed';

/** Why tests are skipped, or false. `npm run test:webgpu` skips nothing: without a driver it fails. */
export function withoutDriver(): string | false {
  if (onInstalledDriver) return false;
  if (process.env['LORA_TEST_WEBGPU'] === undefined) return 'takes minutes, and a driver: npm run test:webgpu';
  if (softwareDriver() !== undefined) return false;
  throw new Error('There is no software Vulkan driver: apt-get install libvulkan1 chromium brings one');
}

/** The device whose kernels are tested: `npm run test:gpu` tries CUDA with the same cases. */
export const testedDevice = process.env['LORA_TEST_DEVICE'] === 'cuda' ? 'cuda' : 'webgpu';

/** Variables that make Vulkan use this driver, and no other. */
export function driverEnvironment(driver: string): Readonly<Record<string, string>> {
  // The older name is for older loaders.
  return { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver };
}

/** Lets this process use the software driver, unless it is to use the installed ones; before its first graph on a device. */
export function useSoftwareDriver(): void {
  if (onInstalledDriver) return;
  Object.assign(process.env, driverEnvironment(softwareDriver()!));
}

function hasLoader(): boolean {
  const folders = ['/usr/lib', ...list('/usr/lib').map((name) => path.join('/usr/lib', name))];
  return folders.some((folder) => existsSync(path.join(folder, 'libvulkan.so.1')));
}

function list(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
