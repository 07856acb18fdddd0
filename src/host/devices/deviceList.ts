import type { Change } from '../../recipe/fix';
import type { DeviceReport, MachineReport } from '../../run/answers';
import type { RecipeEngine } from '../recipes/recipeEngine';

/** One line of Select Device: what choosing it means. */
export type DeviceEntry =
  | {
      readonly kind: 'device';
      readonly device: string;
      readonly runtime: string;
      readonly description: string;
      readonly detail: string;
      /** Whether it is what is chosen at the moment. */
      readonly isCurrent: boolean;
      /** Why it cannot be chosen, with the step that would change that. */
      readonly problem?: string;
    }
  /** What is there once its libraries are set up. */
  | {
      readonly kind: 'set-up';
      readonly library: 'cuda' | 'tensorflow';
      readonly description: string;
      readonly detail: string;
    };

/** Says nothing of what computes. */
export const sayingNothing: RecipeEngine = { device: undefined, runtime: undefined, quantization: undefined };

const names: Readonly<Record<string, string>> = {
  cpu: 'the processor',
  webgpu: 'a graphics card of any maker',
  cuda: 'an NVIDIA graphics card',
  directml: "a graphics card by way of Windows' own library",
  coreml: "Apple's graphics card and Neural Engine",
};

/**
 * The devices of this computer for a recipe (or for recipes that name none, where `isSetting`), those that can be used first.
 * Plain numbers and sentences of the report: nothing is judged here but what the recipe itself rules out. `setting` counts
 * for a recipe that names no device.
 */
export function deviceEntries(
  report: MachineReport,
  engine: RecipeEngine,
  isSetting: boolean,
  setting = 'auto',
): readonly DeviceEntry[] {
  const isOnTensorflow = engine.runtime === 'tensorflow';
  const current = currentDevice(engine, setting);
  const takes = takenBy(engine, report);
  const auto: DeviceEntry = {
    kind: 'device',
    device: 'auto',
    runtime: 'onnxruntime',
    description: `the fastest that works: ${takes.device}`,
    detail: takes.reason,
    isCurrent: current === 'auto' && !isOnTensorflow,
  };
  const devices = report.devices.filter(({ runtime }) => runtime === 'onnxruntime');
  const entries = devices.map((device): DeviceEntry => {
    const isCurrent = device.device === current && !isOnTensorflow;
    if (isOneSetUpAway(device)) return cudaEntry(device);
    return entryOf(device, report, isCurrent, ruledOutBy(engine, device));
  });
  const tensorflow = isSetting ? [] : report.devices.filter(({ runtime }) => runtime === 'tensorflow');
  return [
    auto,
    ...entries.filter((entry) => !('problem' in entry)),
    ...tensorflow.map((device) => tensorflowEntry(device, isOnTensorflow)),
    ...entries.filter((entry) => 'problem' in entry),
  ];
}

/** What a recipe that leaves it open trains on, and why: what is fastest, or else what is fastest of what it does not rule out. */
function takenBy(engine: RecipeEngine, { chosen, devices }: MachineReport): MachineReport['chosen'] {
  const own = devices.filter(({ runtime, usable }) => runtime === 'onnxruntime' && usable);
  const fastest = own.find(({ device }) => device === chosen.device);
  const ruledOut = fastest === undefined ? undefined : ruledOutBy(engine, fastest);
  if (ruledOut === undefined) return chosen;
  const left = own.filter((device) => ruledOutBy(engine, device) === undefined);
  const [next] = left.sort((a, b) => (a.step_ms ?? Infinity) - (b.step_ms ?? Infinity));
  return { device: next?.device ?? 'cpu', reason: ruledOut };
}

/** Why a recipe is not computed on a device that can be used, in a sentence. */
function ruledOutBy({ quantization }: RecipeEngine, { device, quantizations }: DeviceReport): string | undefined {
  if (quantization === undefined || quantization === 'none' || quantizations.includes(quantization)) return undefined;
  return `The recipe sets engine.quantization to "${quantization}", with which ${device} does not compute.`;
}

function entryOf(
  { device, usable, reason, enable, step_ms }: DeviceReport,
  report: MachineReport,
  isCurrent: boolean,
  ruledOut: string | undefined,
): DeviceEntry {
  const what = names[device] ?? device;
  const base = { kind: 'device', device, runtime: 'onnxruntime', isCurrent } as const;
  if (!usable) {
    const detail = inEditor([reason, enable ?? ''].join(' ').trim());
    return {
      ...base,
      description: `${what}: cannot be used here`,
      detail,
      problem: `${device} cannot be used here. ${detail}`,
    };
  }
  if (ruledOut !== undefined) {
    const step = 'Set it to "none" to train on this device.';
    const detail = `${ruledOut} ${step}`;
    return {
      ...base,
      description: `${what}: not with this recipe`,
      detail,
      problem: `${device} cannot be used with this recipe. ${detail}`,
    };
  }
  if (device !== 'cpu') return { ...base, description: what, detail: reason };
  const cores = `${report.cores} ${report.cores === 1 ? 'core' : 'cores'}`;
  const time = step_ms === null ? '' : ` A small training step takes ${Math.round(step_ms)} ms.`;
  return { ...base, description: `${what}: ${report.cpu}, ${cores}`, detail: `Works everywhere.${time}` };
}

/** The report speaks to whoever runs `lora doctor`, which is "Look again" here. */
function inEditor(words: string): string {
  return words
    .replace(/[Rr]un `lora doctor`( again)?/, (run) => (run.startsWith('R') ? 'Look again' : 'look again'))
    .replace('`lora setup cuda`', '"LoRA: Set Up CUDA"');
}

/** Whether nothing is missing but the libraries that a set-up fetches. */
function isOneSetUpAway({ device, usable, enable }: DeviceReport): boolean {
  return device === 'cuda' && !usable && enable?.startsWith('Run `lora setup cuda`') === true;
}

function cudaEntry({ reason }: DeviceReport): DeviceEntry {
  return {
    kind: 'set-up',
    library: 'cuda',
    description: `${names['cuda']!}: not set up`,
    detail: `${reason} It is set up once, after telling what that takes; webgpu needs no set-up.`,
  };
}

function tensorflowEntry({ device, usable, reason }: DeviceReport, isCurrent: boolean): DeviceEntry {
  if (!usable) {
    return {
      kind: 'set-up',
      library: 'tensorflow',
      description: 'another library to compute with: not set up',
      detail: 'Nobody needs it; it is there to compare. It is set up once, after telling what that takes.',
    };
  }
  const where = device === 'cpu' ? 'on the processor' : 'on an NVIDIA graphics card';
  const base = { kind: 'device', device, runtime: 'tensorflow', isCurrent } as const;
  return { ...base, description: `TensorFlow ${where}, to compare`, detail: reason };
}

/** Where a recipe trains as things stand: by its own words, else by the setting as far as that counts for it. */
function currentDevice(engine: RecipeEngine, setting: string): string {
  return deviceOverrides(setting, engine).length > 0 ? setting : (engine.device ?? 'auto');
}

/** What a recipe has to say for a choice; nothing where it trains so already, also by the setting. */
export function deviceChanges(
  { device, runtime }: { readonly device: string; readonly runtime: string },
  engine: RecipeEngine,
  setting = 'auto',
): readonly Change[] {
  const changes: Change[] = [];
  const set = (key: 'device' | 'runtime', value: string, current: string): void => {
    if (current !== value) changes.push({ path: ['engine', key], value });
  };
  const { runtime: known = 'auto' } = engine;
  if (runtime === 'tensorflow') set('runtime', 'tensorflow', known);
  else if (known !== 'onnxruntime') set('runtime', 'auto', known);
  // The setting counts for a recipe without a word of what computes: one that is led back to "auto" has none.
  set('device', device, currentDevice({ ...engine, runtime: runtime === 'tensorflow' ? runtime : undefined }, setting));
  return changes;
}

/**
 * `--set` for a run of a recipe that names no device itself, by the user's setting. A recipe that says otherwise what computes
 * (another library) has settled it.
 */
export function deviceOverrides(setting: string, { device, runtime = 'auto' }: RecipeEngine): readonly string[] {
  if (setting === 'auto') return [];
  const isOpen = device === undefined && ['auto', 'onnxruntime'].includes(runtime);
  return isOpen ? [`engine.device=${setting}`] : [];
}
