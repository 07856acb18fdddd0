// `npm test`: bundles the TypeScript tests and hands them to Node's own test runner.
//   npm test                    everything under test/unit, corpus, gradients, conformance, faults, engineProcess,
//                               languageServer, webgpu
//   npm test -- test/unit/data  one folder or file
//   npm run test:webgpu         what needs a software Vulkan driver and takes minutes; `npm test` skips it and says so
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

// Two runs at the same time must not bundle over each other.
const outdir = `.tsbuild/test-${process.pid}`;
const onWebgpu = process.argv.includes('--webgpu');
const named = process.argv.slice(2).filter((argument) => argument !== '--webgpu');
const wanted = onWebgpu && named.length === 0 ? ['test/webgpu'] : named;
const roots =
  wanted.length > 0
    ? wanted
    : [
        'test/unit',
        'test/corpus',
        'test/gradients',
        'test/conformance',
        'test/faults',
        'test/engineProcess',
        'test/languageServer',
        'test/webgpu',
      ];
const entryPoints = roots
  .filter((root) => existsSync(root))
  .flatMap((root) => (statSync(root).isDirectory() ? list(root, '.test.ts') : [root]));

if (entryPoints.length === 0) {
  console.error(`There are no tests (*.test.ts) in ${roots.join(', ')}.`);
  process.exit(1);
}

await import('../esbuild.mjs');
await build({
  entryPoints,
  outdir,
  outbase: 'test',
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Processes that the engine starts lie beside its bundle.
  define: { __dirname: JSON.stringify(path.resolve('dist')) },
  outExtension: { '.js': '.cjs' },
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = list(outdir, '.test.cjs');
const run = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-concurrency=2',
    `--test-timeout=${onWebgpu ? 1_500_000 : 900_000}`,
    '--test-reporter=spec',
    ...files,
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(onWebgpu ? { LORA_TEST_WEBGPU: '1' } : {}),
      LORA_TEST_DATA: path.resolve(process.env.LORA_TEST_DATA ?? '../shared/data'),
    },
  },
);
rmSync(outdir, { recursive: true, force: true });
process.exit(run.status ?? 1);

function list(root, ending) {
  return readdirSync(root, { recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => path.join(root, file))
    .sort();
}
