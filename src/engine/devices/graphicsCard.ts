import { graphics } from 'systeminformation';
import type { Systeminformation } from 'systeminformation';
import type { Device } from '../runtime/runtime';

/** A graphics card as the system knows it. */
export interface GraphicsCard {
  readonly name: string;
  /** Bytes of its own memory; null where it shares the machine's, or nobody says. */
  readonly memoryBytes: number | null;
}

type Controller = Systeminformation.GraphicsControllerData;

/** What a card that shares the machine's memory keeps for itself is less than this. */
const leastOwn = 2 * 2 ** 30;

/** The card on which a device computes; null where the system knows of none. */
export async function graphicsCard(device: Device): Promise<GraphicsCard | null> {
  const { controllers } = await graphics();
  return cardAmong(controllers, device);
}

/** Of several cards the one with most memory of its own: runtimes take the fast one unless they are told another. */
export function cardAmong(controllers: readonly Partial<Controller>[], device: Device): GraphicsCard | null {
  const cards = controllers
    .filter((one) => device !== 'cuda' || /nvidia/i.test(`${one.vendor ?? ''} ${one.model ?? ''}`))
    .map((one) => ({ name: nameOf(one), memoryBytes: ownMemory(one) }))
    .filter(({ name }) => name !== '');
  return cards.sort((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0))[0] ?? null;
}

function nameOf({ name, model, vendor }: Partial<Controller>): string {
  return [name, model, vendor].map((text) => text?.trim() ?? '').find((text) => text !== '') ?? '';
}

/** `memoryTotal` is what NVIDIA's driver says, `vram` what the system says; both count in MiB. */
function ownMemory({ memoryTotal, vram, vramDynamic }: Partial<Controller>): number | null {
  const bytes = (memoryTotal ?? (vramDynamic === true ? 0 : (vram ?? 0))) * 2 ** 20;
  return bytes >= leastOwn ? bytes : null;
}
