import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { isInside } from '../facts/placeFacts';

/** Whether two absolute paths lead to one place, or one to a place inside the other: writing to one may destroy the other. */
export async function overlap(one: string, other: string): Promise<boolean> {
  const [a, b] = [await realPath(one), await realPath(other)];
  return isInside(a, b) || isInside(b, a);
}

/** What does not exist yet is where it would be. */
async function realPath(place: string): Promise<string> {
  return realpath(place).catch(async () => {
    const above = path.dirname(place);
    return above === place ? place : path.join(await realPath(above), path.basename(place));
  });
}
