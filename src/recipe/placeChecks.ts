import type { CostFacts, DeviceFacts, MachineFacts } from './facts';
import { preferred, removeKey, setValue } from './fix';
import type { Fix } from './fix';
import { precisionObstacle } from './precision';
import { recipeDefaults, type ResolvedRecipe } from './recipe.generated';
import { check, type RecipeCheck } from './recipeCheck';
import { schemaAt, type JsonPath } from './schema';

function pathOf(key: string): JsonPath {
  return schemaAt(key)?.path ?? [];
}

function isAbsolute(path: string): boolean {
  return /^([/\\~]|[A-Za-z]:[/\\])/.test(path);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Why nothing that a recipe asks for computes in its precision; undefined where something does, or nobody knows. */
function precisionMessage(engine: ResolvedRecipe['engine'], machine: MachineFacts): string | undefined {
  const { device, precision, runtime } = engine;
  const obstacle = precisionObstacle(engine);
  if (obstacle !== undefined) {
    return `${obstacle.where} does not compute in ${precision}. ${obstacle.reason} Use "auto".`;
  }
  if (precision === 'auto' || runtime === 'reference' || runtime === 'tensorflow') return undefined;
  const asked = machine.devices.filter((one) => device === 'auto' || one.device === device);
  if (asked.length === 0 || asked.some(({ precisions }) => precisions.includes(precision))) return undefined;
  const isTried = machine.devices.length > 1 || machine.unusable.length > 0;
  if (device === 'auto' && precision !== 'fp32' && !isTried) return undefined;
  const known = [...new Set(asked.flatMap(({ precisions }) => precisions))].join(' or ');
  const where = device === 'auto' ? 'Nothing on this machine computes' : `The device "${device}" does not compute`;
  return `${where} in ${precision}; it could in ${known}.${why(precision, asked)} Use "auto".`;
}

/** The reason, as a sentence behind a blank; nothing where there is no other than that. */
function why(precision: string, devices: readonly DeviceFacts[]): string {
  // The processor's is told where nothing else was asked for.
  const reasons = devices.flatMap(({ device, without = {} }) => {
    const reason = without[precision];
    return reason === undefined ? [] : [{ device, reason }];
  });
  const told = reasons.find(({ device }) => device !== 'cpu') ?? reasons[0];
  return told === undefined ? '' : ` ${told.reason}`;
}

function onProcessor(bytes: number): Fix {
  return setValue(['engine', 'device'], 'cpu', `Train on the processor, which has ${gigabytes(bytes)}`);
}

/** Where memory is short: on the graphics card, or on this machine. */
interface Shortage {
  readonly isOnCard: boolean;
  /** Bytes. */
  readonly needed: number;
  readonly there: number;
}

/** A card that shares the machine's memory has none of its own. */
function shortOf(machine: MachineFacts, { memoryBytes, onDevice }: CostFacts): Shortage | undefined {
  const card = machine.devices.find(({ device }) => device === onDevice?.device)?.memoryBytes;
  if (onDevice !== undefined && card !== undefined && onDevice.memoryBytes > card) {
    return { isOnCard: true, needed: onDevice.memoryBytes, there: card };
  }
  if (memoryBytes <= machine.memoryBytes) return undefined;
  return { isOnCard: false, needed: memoryBytes, there: machine.memoryBytes };
}

function inFewerBits(quantization: string, bits: number): Fix {
  const title = `Hold the base model in ${bits} bits (${quantization})`;
  return setValue(['engine', 'quantization'], quantization, title);
}

/** Rules about this machine, and about where things lie on it. */
export const placeChecks: readonly RecipeCheck[] = [
  check({
    code: 'path-outside-workspace',
    severity: 'warning',
    title: 'A relative path that leaves the project',
    needs: ['places'],
    run(draft, { places }) {
      const written: Readonly<Record<string, string | null | undefined>> = {
        base_model: draft.base_model,
        'dataset.path': draft.dataset?.path,
        'dataset.eval_path': draft.dataset?.eval_path,
        'lora.init_from': draft.lora?.init_from,
        output: draft.output,
      };
      return Object.entries(places.paths).flatMap(([key, { absolute, isInsideWorkspace }]) => {
        const path = written[key];
        if (isInsideWorkspace || typeof path !== 'string' || isAbsolute(path)) return [];
        const message = `This leads out of the project, to ${absolute}: whoever gets the project will not have it. Move it into ${places.workspace}, or write the whole path if that is meant.`;
        return [{ path: pathOf(key), message, fixes: [setValue(pathOf(key), absolute, 'Write the whole path')] }];
      });
    },
  }),
  check({
    code: 'output-shared',
    severity: 'warning',
    title: 'Two recipes write the same folder',
    needs: ['places'],
    run(_, { places }) {
      const own = places.paths['output']?.absolute;
      const other = places.otherOutputs.find(({ output }) => output === own);
      if (other === undefined) return [];
      const name = other.recipe.split(/[/\\]/).at(-1)!;
      const message = `${name} writes its adapter to the same folder: whichever is trained last replaces the other. Give one of them another \`output\` or \`name\`.`;
      return [{ path: ['output'], message, fixes: [removeKey(['output'], 'Use the folder named after the recipe')] }];
    },
  }),
  check({
    code: 'device-unavailable',
    severity: 'error',
    title: 'A device that cannot be used here',
    needs: ['machine'],
    run({ engine }, { machine }) {
      const { device } = { ...recipeDefaults.engine, ...engine };
      const tried = machine.unusable.find((one) => one.device === device);
      if (tried === undefined) return [];
      const step = tried.enable ?? 'Use "auto", which takes the fastest device that works.';
      const message = `The device "${device}" cannot be used here. ${tried.reason} ${step}`;
      return [
        {
          path: ['engine', 'device'],
          message,
          fixes: [preferred(setValue(['engine', 'device'], 'auto', 'Use "auto"'))],
        },
      ];
    },
  }),
  check({
    // unsloth#2783
    code: 'precision-unsupported',
    severity: 'error',
    title: 'A precision that this machine cannot compute in',
    needs: ['machine'],
    run({ engine }, { machine }) {
      const message = precisionMessage({ ...recipeDefaults.engine, ...engine }, machine);
      if (message === undefined) return [];
      return [
        {
          path: ['engine', 'precision'],
          message,
          fixes: [preferred(setValue(['engine', 'precision'], 'auto', 'Use "auto"'))],
        },
      ];
    },
  }),
  check({
    code: 'half-precision-on-cpu',
    severity: 'warning',
    title: 'Half precision on the processor',
    needs: ['machine'],
    run({ engine }, { machine }) {
      const { device, precision } = { ...recipeDefaults.engine, ...engine };
      const isCpu = device === 'cpu' || (device === 'auto' && machine.devices.every((one) => one.device === 'cpu'));
      const canDo = machine.devices.some((one) => one.device === 'cpu' && one.precisions.includes(precision));
      if (!isCpu || !canDo || (precision !== 'fp16' && precision !== 'bf16')) return [];
      const message = `A processor computes ${precision} more slowly than fp32, and less exactly. Use "auto".`;
      return [
        {
          path: ['engine', 'precision'],
          message,
          fixes: [preferred(setValue(['engine', 'precision'], 'auto', 'Use "auto"'))],
        },
      ];
    },
  }),
  check({
    // peft#525
    code: 'memory-short',
    severity: 'warning',
    kind: 'D',
    title: 'The run may not fit into memory',
    needs: ['machine', 'cost'],
    run({ method, training, engine }, { machine, cost }) {
      const short = shortOf(machine, cost);
      if (short === undefined) return [];
      const { per_device_train_batch_size: batch, gradient_accumulation_steps: accumulation } = {
        ...recipeDefaults.training,
        ...training,
      };
      const message = `A step on the longest rows takes about ${gigabytes(short.needed)}, and ${short.isOnCard ? 'the graphics card' : 'this machine'} has ${gigabytes(short.there)}. Compute fewer rows at once, set \`gradient_checkpointing\` to true, or hold the base model in fewer bits with \`quantization\`.`;
      const half = Math.ceil(batch / 2);
      const recompute = setValue(
        ['training', 'gradient_checkpointing'],
        true,
        'Compute parts twice instead of keeping them',
      );
      const halves = {
        title: `Compute ${half} rows at once, with the same result`,
        changes: [
          { path: ['training', 'per_device_train_batch_size'], value: half },
          { path: ['training', 'gradient_accumulation_steps'], value: accumulation * 2 },
        ],
      };
      const { device, quantization, precision } = { ...recipeDefaults.engine, ...engine };
      const isHalf = precision === 'fp16' || precision === 'bf16';
      const isWithin = (one: DeviceFacts): boolean => !isHalf || one.precisions.includes(precision);
      /** With "auto" there is the processor, unless a precision rules it out; weights that are trained cannot be quantized. */
      const canHold = (form: string): boolean =>
        method !== 'full' &&
        quantization === 'none' &&
        ((!isHalf && (device === 'auto' || device === 'cpu')) ||
          machine.devices.some((one) => {
            return ['auto', one.device].includes(device) && isWithin(one) && one.quantizations?.includes(form) === true;
          }));
      const canMove = short.isOnCard && !isHalf && cost.memoryBytes <= machine.memoryBytes;
      const path: JsonPath = ['training', 'per_device_train_batch_size'];
      return [
        {
          path,
          message,
          fixes: [
            ...(training?.gradient_checkpointing === true ? [] : [recompute]),
            ...(canMove ? [onProcessor(machine.memoryBytes)] : []),
            ...(batch > 1 ? [halves] : []),
            ...(canHold('int8') ? [inFewerBits('int8', 8)] : []),
            ...(canHold('nf4') ? [inFewerBits('nf4', 4)] : []),
          ],
        },
      ];
    },
  }),
];
