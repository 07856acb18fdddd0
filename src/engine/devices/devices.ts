import { whyNoEngine } from '../../run/platforms';
import { supportedDevices } from '../runtime/onnx/supportedDevices';
import type { SupportedDevices } from '../runtime/onnx/supportedDevices';
import type { Device, HalfPrecision, Precision } from '../runtime/runtime';
import { withoutCuda } from './cudaSetUp';
import { blockFormats } from '../formats/blocks';
import type { BlockFormat } from '../formats/blocks';
import { deviceUnavailable, noneInPrecision, precisionUnsupported, quantizationUnsupported } from './failures';
import { probe } from './probe';
import type { ProbeOptions } from './probe';
import { ProbeCache } from './probeCache';
import type { ProbeResult } from './probeResult';
import { cardWords, judge, milliseconds, processorWithoutHalf, whyNoBlocks } from './words';
import type { Judgement } from './words';

/**
 * Whether a device that has not been tried is tried: `known` only looks at what was found before, `once` tries what is
 * not known, `again` tries everything.
 */
export type Trial = 'known' | 'once' | 'again';

export interface DeviceOptions extends ProbeOptions {
  readonly trial: Trial;
  /** Where results are kept; the user's cache folder if left out. */
  readonly cacheFile?: string;
  /** What it must compute in; `fp32` if left out. */
  readonly precision?: Precision;
  /** The blocks that it must compute with; none if left out. */
  readonly quantization?: BlockFormat | undefined;
}

export interface ChosenDevice {
  readonly device: Device;
  /** Why this one, in a sentence. */
  readonly reason: string;
  /** Bytes of the largest single piece of memory that it gives, where it has refused a larger one. */
  readonly largestBuffer?: number;
  /** What it computes in, where that was tried. */
  readonly precisions?: readonly Precision[];
}

export interface JudgedDevice extends Judgement {
  readonly device: Device;
  /** Undefined where it was not tried: it cannot be there, or nobody has. */
  readonly result: ProbeResult | undefined;
  /** False where nobody has tried it. */
  readonly isKnown: boolean;
}

/**
 * The device of a run. `auto` takes the one on which a small training step was fastest, among those that compute in the
 * precision, and with the blocks; a device that is asked for by name is that one or a failure.
 * @throws Failure `device-unavailable`, `precision-unsupported`, `quantization-unsupported`
 */
export async function chooseDevice(wanted: Device | 'auto', options: DeviceOptions): Promise<ChosenDevice> {
  const { precision = 'fp32', quantization } = options;
  if (wanted === 'cpu') {
    if (precision !== 'fp32') throw precisionUnsupported('The device "cpu"', precision, processorWithoutHalf);
    return { device: 'cpu', reason: 'It is asked for by name.' };
  }
  if (wanted === 'auto') {
    const all = await judgeDevices(options);
    if (precision === 'fp32') {
      return fastest(
        all.filter((one) => holds(one, quantization)),
        quantization,
      );
    }
    if (all.length === 0 && options.trial === 'known') {
      return { device: precision === 'fp16' ? 'webgpu' : 'cuda', reason: untried.reason };
    }
    return fastestInHalf(all, precision, quantization);
  }
  const judged = await judgeDevice(wanted, options);
  if (judged.usable && precision !== 'fp32' && !judged.precisions.includes(precision)) {
    throw precisionUnsupported(`The device "${wanted}"`, precision, judged.without[precision] ?? '');
  }
  if (judged.usable && !holds(judged, quantization)) {
    throw quantizationUnsupported(quantization!, wanted, whyNoBlocks(quantization!, judged.result!));
  }
  if (judged.usable) return chosen(judged, `It is asked for by name. ${judged.reason}`);
  if (!judged.isKnown) return { device: wanted, reason: judged.reason };
  throw deviceUnavailable(wanted, judged.reason, judged.enable);
}

/**
 * Whether a device, as far as it has been tried, computes with matrices in all kinds of blocks that a recipe may ask for: then
 * those of a GGUF file, which are made of the same parts, stay in theirs.
 */
export async function keepsBlocksOn(device: Device): Promise<boolean> {
  if (device === 'cpu') return true;
  const { quantizations } = await judgeDevice(device, { trial: 'known' });
  return blockFormats.every((format) => quantizations.includes(format));
}

/** Whether matrices can be held as a recipe asks for. */
function holds({ quantizations }: Judgement, quantization: BlockFormat | undefined): boolean {
  return quantization === undefined || quantizations.includes(quantization);
}

/** Among devices that were tried, by the time of a step. */
export function fastest(judged: readonly JudgedDevice[], quantization?: BlockFormat): ChosenDevice {
  const timed = judged.flatMap(({ device, result, precisions }) => {
    const isTimed = result?.outcome === 'usable' && result.stepMs !== null;
    return isTimed ? [{ device, result, precisions, stepMs: result.stepMs }] : [];
  });
  const best = timed.sort((a, b) => a.stepMs - b.stepMs)[0];
  if (best === undefined) {
    const reason =
      quantization === undefined
        ? 'No other device can be used here.'
        : `No other device here computes with weights in ${quantization}.`;
    return { device: 'cpu', reason };
  }
  const { cpuStepMs } = best.result;
  const [there, here] = [milliseconds(best.stepMs), milliseconds(cpuStepMs)];
  if (cpuStepMs !== null && cpuStepMs <= best.stepMs) {
    const reason = `It is the fastest: a small training step takes ${here}, on ${best.device} ${there}.`;
    return { device: 'cpu', reason };
  }
  const { card } = best.result;
  const which = card === null ? '' : ` (${cardWords(card)})`;
  return chosen(best, `It is the fastest${which}: a small training step takes ${there}, on the processor ${here}.`);
}

function chosen(
  { device, result, precisions }: Pick<JudgedDevice, 'device' | 'result' | 'precisions'>,
  reason: string,
): ChosenDevice {
  const largestBuffer = result?.largestBuffer ?? undefined;
  return { device, reason, precisions, ...(largestBuffer === undefined ? {} : { largestBuffer }) };
}

/** The processor does not take part. */
function fastestInHalf(
  judged: readonly JudgedDevice[],
  precision: HalfPrecision,
  quantization: BlockFormat | undefined,
): ChosenDevice {
  const able = judged.filter((one) => one.precisions.includes(precision) && holds(one, quantization));
  const best = able.sort((a, b) => (a.result?.stepMs ?? Infinity) - (b.result?.stepMs ?? Infinity))[0];
  if (best !== undefined) return chosen(best, `It computes in ${precision}. ${best.reason}`);
  const reasons = judged.map((one) => {
    const { device, usable, reason, without, result } = one;
    const missing = usable && !holds(one, quantization) ? whyNoBlocks(quantization!, result!) : reason;
    return `${device}: ${without[precision] ?? missing}`;
  });
  throw noneInPrecision(
    quantization === undefined ? precision : `${precision} with weights in ${quantization}`,
    reasons.length === 0 ? processorWithoutHalf : reasons.join(' '),
  );
}

/** All devices other than the processor that onnxruntime was built for on this platform, as far as `options` say. */
export async function judgeDevices(options: DeviceOptions): Promise<readonly JudgedDevice[]> {
  if (options.trial === 'known') {
    const results = await new ProbeCache(undefined, options.cacheFile).all();
    return results.map((result) => judgedBy(result));
  }
  if (whyNoEngine(process.platform, process.arch) !== undefined) return [];
  const supported = await supportedDevices();
  const judged: JudgedDevice[] = [];
  for (const { device } of supported.devices) {
    if (device !== 'cpu') judged.push(await judgeOne(device, supported, options));
  }
  return judged;
}

async function judgeDevice(device: Device, options: DeviceOptions): Promise<JudgedDevice> {
  if (options.trial === 'known') {
    const known = (await judgeDevices(options)).find((judged) => judged.device === device);
    return known ?? { device, ...untried, result: undefined, isKnown: false };
  }
  const missing = whyNoEngine(process.platform, process.arch);
  if (missing !== undefined) return impossible(device, missing);
  return judgeOne(device, await supportedDevices(), options);
}

const untried: Judgement = {
  usable: false,
  reason: 'It has not been tried on this computer yet.',
  enable: 'Run `lora doctor`, which tries it.',
  precisions: [],
  without: {},
  quantizations: [],
};

async function judgeOne(device: Device, supported: SupportedDevices, options: DeviceOptions): Promise<JudgedDevice> {
  const build = supported.devices.find((one) => one.device === device);
  if (build === undefined) return impossible(device, `ONNX Runtime has no ${device} on ${process.platform}.`);
  if (!build.isThere) {
    if (device === 'cuda') {
      const { reason, enable } = withoutCuda();
      return impossible(device, reason, enable);
    }
    return impossible(device, `ONNX Runtime's npm package comes without the libraries for ${device}.`);
  }
  const cache = new ProbeCache(supported.version, options.cacheFile);
  const known = options.trial === 'again' ? undefined : await cache.get(device);
  if (known !== undefined) return judgedBy(known);
  const result = await probe(device, options);
  if (result.outcome !== 'interrupted' && result.wasInterrupted !== true) await cache.set(result);
  return judgedBy(result);
}

function judgedBy(result: ProbeResult): JudgedDevice {
  return { device: result.device, ...judge(result), result, isKnown: true };
}

function impossible(device: Device, reason: string, step?: string): JudgedDevice {
  const enable = step ?? (device === 'cuda' || process.platform !== 'darwin' ? instead[device] : undefined);
  const judgement = { usable: false, reason, enable: enable ?? null, precisions: [], without: {}, quantizations: [] };
  return { device, ...judgement, result: undefined, isKnown: true };
}

const instead: Partial<Readonly<Record<Device, string>>> = {
  directml: 'DirectML is a part of Windows. Use engine.device "webgpu", which computes on GPUs of all makers.',
  coreml: 'Core ML is a part of macOS. Use engine.device "webgpu", which computes on GPUs of all makers.',
  cuda: 'Use engine.device "webgpu", which computes on NVIDIA GPUs as well.',
};
