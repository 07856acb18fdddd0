import { isInside } from '../facts/placeFacts';
import { realPath } from '../formats/realPath';

/** Whether two absolute paths lead to one place, or one to a place inside the other: writing to one may destroy the other. */
export async function overlap(one: string, other: string): Promise<boolean> {
  const [a, b] = [await realPath(one), await realPath(other)];
  return isInside(a, b) || isInside(b, a);
}
