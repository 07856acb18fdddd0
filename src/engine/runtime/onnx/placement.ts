import { readFile } from 'node:fs/promises';

/** Where one operator of a compiled graph ran. */
export interface Placed {
  readonly name: string;
  readonly op: string;
  /** As ONNX Runtime calls it, such as `WebGpuExecutionProvider`. */
  readonly provider: string;
  /** Whether it computes with numbers of the model, and not only with the sizes of tensors. */
  readonly isCompute: boolean;
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly args?: {
    readonly provider?: string;
    readonly op_name?: string;
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** Which provider ran each operator, by a profile that ONNX Runtime wrote. */
export async function readPlacement(profile: string): Promise<readonly Placed[]> {
  const events = JSON.parse(await readFile(profile, 'utf8')) as readonly ProfileEvent[];
  const placed = new Map<string, Placed>();
  for (const { cat, name = '', args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || args?.provider === undefined) continue;
    const node = name.slice(0, -'_kernel_time'.length);
    const types = (args.output_type_shape ?? []).flatMap((type) => Object.keys(type));
    placed.set(node, {
      name: node,
      op: args.op_name ?? '',
      provider: args.provider,
      // Sizes are whole numbers of 64 bits, and nothing else is.
      isCompute: !types.every((type) => type === 'int64'),
    });
  }
  return [...placed.values()];
}
