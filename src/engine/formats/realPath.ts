import { realpath } from 'node:fs/promises';
import path from 'node:path';

/** The one path of a place that links lead to by several; what does not exist yet is where it would be. */
export async function realPath(place: string): Promise<string> {
  return realpath(place).catch(async () => {
    const above = path.dirname(place);
    return above === place ? place : path.join(await realPath(above), path.basename(place));
  });
}
