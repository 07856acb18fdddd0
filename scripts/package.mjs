// `npm run package`: writes lora-workbench-<target>-<version>.vsix for this machine's platform, with only what it needs.
//   npm run package -- linux-arm64 darwin-arm64   for other platforms that onnxruntime-node carries a binary for
//   npm run package -- --all                      for all of them
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const targets = ['linux-x64', 'linux-arm64', 'win32-x64', 'win32-arm64', 'darwin-arm64'];

/** Builds and packs the extension for `target`; gives the path of the .vsix. */
export async function packageExtension(target = `${process.platform}-${process.arch}`) {
  if (!targets.includes(target)) {
    const reason = target === 'darwin-x64' ? 'ONNX Runtime no longer exists for Macs with Intel processors' : 'unknown';
    throw new Error(`There is no package for ${target} (${reason}). Targets: ${targets.join(', ')}`);
  }
  const root = fileURLToPath(new URL('..', import.meta.url));
  process.chdir(root);
  // The same for every target: an import is evaluated once.
  await import('../esbuild.mjs');
  // Two packages may be made at the same time.
  const stage = path.join(root, '.tsbuild', `package-${process.pid}-${target}`);
  try {
    const { name, version } = fillStage(stage, target);
    const vsix = path.join(root, `${name}-${target}-${version}.vsix`);
    const { createVSIX } = await import('@vscode/vsce');
    await createVSIX({
      cwd: stage,
      packagePath: `${stage}.vsix`,
      target,
      dependencies: false,
      readmePath: 'docs/extension.md',
      rewriteRelativeLinks: false,
      allowMissingRepository: true,
    });
    renameSync(`${stage}.vsix`, vsix);
    return vsix;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Copies what ships into `stage`; gives its manifest. */
function fillStage(stage, target) {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  // The bundles hold the dependencies; the command line ships in the repository.
  for (const key of ['dependencies', 'devDependencies', 'scripts', 'bin', 'private']) delete manifest[key];
  mkdirSync(stage, { recursive: true });
  writeFileSync(path.join(stage, 'package.json'), JSON.stringify(manifest, null, 2));
  const example = ['model', 'data.jsonl', 'count-by-ten.lora.json'].map((part) => `examples/numbers/${part}`);
  const media = ['icon.png', 'lora.svg', 'recipe-light.svg', 'recipe-dark.svg', 'walkthrough'];
  const language = ['language-configuration.json', 'lora.tmLanguage.json'];
  const names = ['extension', 'engine', 'deviceProbe', 'tensorflowTrial', 'languageServer', 'recipeFacts', 'lifeline'];
  const bundles = names.map((name) => `dist/${name}.js`);
  const built = [...bundles, 'dist/extension', 'dist/views'];
  for (const part of [
    ...built,
    'schemas',
    'docs/checks',
    'CHANGELOG.md',
    'LICENSE',
    ...example,
    ...[...media, ...language].map((file) => `media/${file}`),
  ]) {
    cpSync(part, path.join(stage, part), { recursive: true, filter: (file) => !file.endsWith('.map') });
  }
  writeFileSync(path.join(stage, 'docs', 'extension.md'), withoutPictures('docs/extension.md'));
  // Where `dist/engine.js` finds it.
  copyRuntime(path.join(stage, 'dist', 'node_modules'), target);
  writeFileSync(path.join(stage, 'ThirdPartyNotices.txt'), notices());
  // What is here is already what ships.
  writeFileSync(path.join(stage, '.vscodeignore'), '**/*.map\n');
  return manifest;
}

/**
 * A page without its pictures: VS Code shows on an extension's page only those that lie on a server, and this package
 * has none. The walkthrough shows them.
 */
function withoutPictures(page) {
  return readFileSync(page, 'utf8').replaceAll(/^!\[[^\]]*\]\([^)]+\)\n\n?/gm, '');
}

/** Licences of the packages that the bundles hold or that lie beside them. */
function notices() {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const names = new Set(Object.keys(dependencies));
  // A set goes on with what is added meanwhile. Of ONNX Runtime only what it needs to run ships.
  for (const name of names) {
    const needed =
      name === 'onnxruntime-node' ? ['onnxruntime-common'] : Object.keys(readPackage(name).dependencies ?? {});
    for (const further of needed) names.add(further);
  }
  const texts = [...names].sort().map((name) => {
    const { version, license } = readPackage(name);
    const file = readdirSync(path.join('node_modules', name)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : `\n\n${readFileSync(path.join('node_modules', name, file), 'utf8').trim()}`;
    return `${name} ${version} (${license})${text}`;
  });
  return `LoRA Workbench contains the following packages.\n\n${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

function readPackage(name) {
  return JSON.parse(readFileSync(path.join('node_modules', name, 'package.json'), 'utf8'));
}

/** Copies ONNX Runtime with this platform's binary alone into a folder `node_modules`. */
export function copyRuntime(modules, target) {
  const [platform, arch] = target.split('-');
  const bin = path.join('onnxruntime-node', 'bin', 'napi-v6', platform, arch);
  if (!existsSync(path.join('node_modules', bin))) throw new Error(`node_modules/${bin} is missing: run npm ci.`);
  const needed = ['onnxruntime-node/package.json', 'onnxruntime-node/dist', bin];
  const common = ['onnxruntime-common/package.json', 'onnxruntime-common/dist/cjs'];
  for (const part of [...needed, ...common]) {
    const filter = (file) => statSync(file).isDirectory() || !/\.(map|d\.ts)$/.test(file);
    cpSync(path.join('node_modules', part), path.join(modules, part), { recursive: true, filter });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const asked = process.argv.slice(2);
  const wanted = asked.includes('--all') ? targets : asked.length === 0 ? [undefined] : asked;
  const made = [];
  for (const target of wanted) made.push(await packageExtension(target));
  for (const vsix of made) {
    console.log(`${path.relative(process.cwd(), vsix)}: ${(statSync(vsix).size / 1e6).toFixed(1)} MB`);
  }
}
