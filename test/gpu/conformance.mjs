// The conformance suite and whole training steps on a device: every op and every family, beside the oracle in float64.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { run } from './program.mjs';

/**
 * Runs the bundled tests; gives how many passed and which failed. Where the time is over the counts are those until then.
 */
export async function conformance(place, device, precisions, { seconds, env }) {
  const folder = path.join(place, 'tests');
  const files = readdirSync(folder).filter((name) => name.endsWith('.test.cjs'));
  const given = [
    '--test',
    '--test-reporter=tap',
    '--test-concurrency=1',
    ...files.map((name) => path.join(folder, name)),
  ];
  const environment = {
    ...env,
    LORA_TEST_WEBGPU: env.VK_DRIVER_FILES === undefined ? 'installed' : '1',
    LORA_TEST_DEVICE: device,
    LORA_TEST_PRECISIONS: precisions.join(),
  };
  const { isOver, lines } = await run(process.execPath, given, { seconds, env: environment });
  const results = lines.flatMap(({ text }) => {
    const found = /^\s+(not )?ok \d+ - (.*?)(?: # (?:SKIP|TODO).*)?$/.exec(text);
    return found === null || text.includes('# SKIP') ? [] : [{ passed: found[1] === undefined, name: found[2] }];
  });
  const why = errorsOf(lines.map(({ text }) => text));
  return {
    isComplete: isOver,
    passed: results.filter(({ passed }) => passed).length,
    failures: results.filter(({ passed }) => !passed).map(({ name }) => ({ name, error: why.get(name) ?? '' })),
  };
}

/** The first line of each failed test's error. */
function errorsOf(lines) {
  const errors = new Map();
  for (const [i, line] of lines.entries()) {
    const name = /^\s+not ok \d+ - (.*)$/.exec(line)?.[1];
    if (name === undefined) continue;
    const block = lines.slice(i + 1, i + 20);
    const at = block.findIndex((text) => /^\s+error:/.test(text));
    if (at === -1) continue;
    const said = block[at].replace(/^\s+error:\s*/, '');
    errors.set(name, (/^[|>]/.test(said) ? (block[at + 1] ?? '') : said).trim().replace(/^'|'$/g, ''));
  }
  return errors;
}
