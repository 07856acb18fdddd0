/** Where ONNX Runtime's npm package has a binary for, as `process.platform` and `process.arch` name it. */
export const platforms = ['linux-x64', 'linux-arm64', 'win32-x64', 'win32-arm64', 'darwin-arm64'] as const;

/** Why the engine cannot compute on a computer, in one sentence; undefined where it can. */
export function whyNoEngine(platform: string, arch: string): string | undefined {
  const name = `${platform}-${arch}`;
  if (platforms.some((known) => known === name)) return undefined;
  const what = name === 'darwin-x64' ? 'Macs with Intel processors' : `${platform} on ${arch}`;
  return `ONNX Runtime, which computes for LoRA Workbench, does not exist for ${what}.`;
}
