import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { halfPrecisionsOn } from '../../src/recipe/precision';
import type { HalfPrecision } from '../../src/recipe/precision';

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

/**
 * A software driver with 16-bit numbers in shaders, which Chromium's does not have: the one that `LORA_TEST_HALF_DRIVER`
 * names, or lavapipe where `scripts/halfDriver` puts it. Undefined where there is none.
 */
export function halfDriver(): string | undefined {
  const caches = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const driver =
    process.env['LORA_TEST_HALF_DRIVER'] ?? path.join(caches, 'lora-workbench', 'lavapipe', 'lavapipe.json');
  return existsSync(driver) && hasLoader() ? driver : undefined;
}

/** Why tests in half precision are skipped, or false; as {@link withoutDriver}. */
export function withoutHalfDriver(): string | false {
  if (process.env['LORA_TEST_WEBGPU'] === undefined) return 'takes minutes, and a driver: npm run test:webgpu';
  if (onInstalledDriver || halfDriver() !== undefined) return false;
  throw new Error('There is no Vulkan driver for half precision: scripts/halfDriver brings one');
}

/** The device whose kernels are tested: `npm run test:gpu` tries CUDA with the same cases. */
export const testedDevice = process.env['LORA_TEST_DEVICE'] === 'cuda' ? 'cuda' : 'webgpu';

/**
 * In which kinds of half precision it is tried: those that it may have at all, and of installed drivers those that the
 * measurement found.
 */
export const testedHalves: readonly HalfPrecision[] = halfPrecisionsOn[testedDevice].filter((half) => {
  return !onInstalledDriver || (process.env['LORA_TEST_PRECISIONS'] ?? '').split(',').includes(half);
});

/** Variables that make Vulkan use this driver, and no other. */
export function driverEnvironment(driver: string): Readonly<Record<string, string>> {
  // The older name is for older loaders.
  return { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver };
}

/** Lets this process use a software driver, unless it is to use the installed ones; before its first graph on a device. */
export function useDriver(driver: string | undefined): void {
  if (onInstalledDriver) return;
  Object.assign(process.env, driverEnvironment(driver!));
}

function hasLoader(): boolean {
  const folders = ['/usr/lib', ...list('/usr/lib').map((name) => path.join('/usr/lib', name))];
  return folders.some((folder) => existsSync(path.join(folder, 'libvulkan.so.1')));
}

function list(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
