// `npm run test:gpu`: what a GPU of this machine computes and how fast, as a report for docs/measurements/.
//   npm run test:gpu -- --bundle       .tsbuild/gpu: a folder for a machine with a GPU, which needs neither network nor Node:
//                                      `sh run.sh` there (Linux with an x64 processor)
//   npm run test:gpu -- --software     the same bundle here, on the software Vulkan driver of Chromium, with small sizes
//   npm run test:gpu [-- --minutes N]  the same bundle here, on this machine's GPU
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { hasGpu } from '../test/gpu/machine.mjs';
import { copyRuntime } from './package.mjs';

/** What a machine lent for a measurement takes. */
const largest = 64 * 2 ** 20;
const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';
const { values: options } = parseArgs({
  options: {
    bundle: { type: 'boolean', default: false },
    software: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    out: { type: 'string', default: '.tsbuild/gpu-report' },
    wheels: { type: 'string' },
  },
});

if (process.platform !== 'linux' || process.arch !== 'x64') {
  stop(
    `The bundle is made of this machine's Node and is for Linux with an x64 processor, not for ${process.platform} ${process.arch}.`,
  );
}
const software = options.software ? (process.env.VK_DRIVER_FILES ?? softwareDriver) : undefined;
if (software !== undefined && !existsSync(software)) {
  stop(`There is no software Vulkan driver ${software}: apt-get install libvulkan1 chromium brings one.`);
}
if (!options.bundle && software === undefined && !hasGpu()) {
  stop(
    'There is no GPU here, so nothing was measured. `npm run test:gpu -- --bundle` makes a folder for a machine that has one; ' +
      '`npm run test:gpu -- --software` tries that folder here.',
  );
}
const bundle = await makeBundle(path.resolve('.tsbuild/gpu'));
if (options.bundle) {
  const megabytes = (statSync(path.join(bundle, 'bundle.tar.gz')).size / 2 ** 20).toFixed(1);
  console.log(`${path.relative('.', bundle)}: ${megabytes} MiB. On the machine with the GPU: sh run.sh`);
} else {
  const given = ['minutes', 'out', 'wheels'].flatMap((name) => {
    return options[name] === undefined ? [] : [`--${name}`, options[name]];
  });
  const onSoftware = software === undefined ? [] : ['--software', software];
  const { status } = spawnSync('sh', [path.join(bundle, 'run.sh'), ...given, ...onSoftware], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

function stop(words) {
  console.error(words);
  process.exit(1);
}

/** Fills `folder` with run.sh and an archive of all that it needs; gives the folder. */
async function makeBundle(folder) {
  await import('../esbuild.mjs');
  rmSync(folder, { recursive: true, force: true });
  const stage = path.join(folder, 'stage');
  mkdirSync(path.join(stage, 'dist'), { recursive: true });
  for (const name of ['cli', 'deviceProbe', 'lifeline', 'tensorflowTrial']) {
    copyFileSync(`dist/${name}.js`, path.join(stage, 'dist', `${name}.js`));
  }
  await bundleTests(stage);
  copyRuntime(path.join(stage, 'node_modules'), 'linux-x64');
  cpSync('examples/numbers/model', path.join(stage, 'numbers', 'model'), { recursive: true });
  mkdirSync(path.join(stage, 'tokenizer'));
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(`examples/numbers/model/${name}`, path.join(stage, 'tokenizer', name));
  }
  copyFileSync('test/parity/gpuRival.py', path.join(stage, 'gpu', 'gpuRival.py'));
  copyFileSync(process.execPath, path.join(stage, 'node'));
  writeFileSync(path.join(stage, 'bundle.json'), JSON.stringify(release()));
  const archive = path.join(folder, 'bundle.tar.gz');
  const packed = spawnSync('tar', ['-I', 'gzip -9', '-cf', archive, '-C', stage, '.'], { stdio: 'inherit' });
  if (packed.status !== 0) throw new Error('tar could not write the bundle');
  rmSync(stage, { recursive: true });
  const { size } = statSync(archive);
  if (size > largest) throw new Error(`The bundle has ${size} bytes, more than ${largest}`);
  copyFileSync('test/gpu/run.sh', path.join(folder, 'run.sh'));
  return folder;
}

/** The program that measures, and the tests that it runs, each with all of its own code. */
async function bundleTests(stage) {
  const common = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: ['onnxruntime-node'],
    logLevel: 'warning',
  };
  const modules = { mainFields: ['module', 'main'] };
  for (const name of ['conformance', 'programs', 'halfPrecision', 'packedWeights']) {
    const file = `test/webgpu/${name}.test.ts`;
    const outfile = path.join(stage, 'tests', `${name}.test.cjs`);
    await build({ ...common, ...modules, entryPoints: [file], outfile, format: 'cjs' });
  }
  const gpu = path.join(stage, 'gpu');
  await build({
    ...common,
    entryPoints: ['test/gpu/measure.mjs'],
    outfile: path.join(gpu, 'measure.mjs'),
    format: 'esm',
  });
  const placement = { entryPoints: ['test/gpu/placement.ts'], outfile: path.join(gpu, 'placement.cjs') };
  await build({ ...common, ...modules, ...placement, format: 'cjs' });
}

/** Of what the bundle was made. */
function release() {
  const { version, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { stdout, status } = spawnSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' });
  return { version, onnxruntime: dependencies['onnxruntime-node'], commit: status === 0 ? stdout.trim() : null };
}
