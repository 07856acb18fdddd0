import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The uri of the page that explains a code; undefined where there is none. Pages ship beside the bundles. */
export function codePage(code: string): string | undefined {
  const file = path.join(__dirname, '..', 'docs', 'checks', `${code}.md`);
  return existsSync(file) ? pathToFileURL(file).toString() : undefined;
}
