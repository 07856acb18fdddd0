// `npm run test:tensorflow`: sets TensorFlow up where it is not (in the user's cache folder; 207 MB once), then runs the
// conformance suite, the training steps and a training on it.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const cli = path.join(import.meta.dirname, '../dist/cli.js');

await import('../esbuild.mjs');
const report = spawnSync(process.execPath, [cli, 'doctor', '--json'], { encoding: 'utf8' });
const isSetUp = JSON.parse(report.stdout).devices.some(({ runtime, usable }) => runtime === 'tensorflow' && usable);
if (!isSetUp) {
  const { status } = spawnSync(process.execPath, [cli, 'setup', 'tensorflow', ...process.argv.slice(2)], {
    stdio: 'inherit',
    timeout: 15 * 60_000,
  });
  if (status !== 0) process.exit(status ?? 1);
}
const tests = ['test/conformance', 'test/tensorflow'];
const { status } = spawnSync(process.execPath, [path.join(import.meta.dirname, 'test.mjs'), ...tests], {
  stdio: 'inherit',
  env: { ...process.env, LORA_TEST_RUNTIME: 'tensorflow' },
});
process.exit(status ?? 1);
