import type { Device } from '../runtime';
import { devices } from '../runtime';
import { loadedCuda, loadOnnx } from './loadOnnx';
import { providers } from './providers';

export interface SupportedDevices {
  readonly version: string;
  readonly devices: readonly {
    readonly device: Device;
    /** Whether all that it needs beside drivers is there: in onnxruntime-node's package, or set up. */
    readonly isThere: boolean;
  }[];
}

/** What this platform's build of onnxruntime-node was made for. Throws where its native code does not load. */
export async function supportedDevices(): Promise<SupportedDevices> {
  const { env, listSupportedBackends } = await loadOnnx();
  const hasCuda = (await loadedCuda()) !== undefined;
  const backends = new Map(listSupportedBackends().map(({ name, bundled }) => [name, bundled]));
  return {
    version: env.versions.node ?? env.versions.common,
    devices: devices.flatMap((device) => {
      const isBundled = backends.get(providers[device].name);
      return isBundled === undefined ? [] : [{ device, isThere: isBundled || (device === 'cuda' && hasCuda) }];
    }),
  };
}
