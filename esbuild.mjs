// Builds what ships: dist/cli.js (the `lora` command), dist/extension.js with what it loads later in dist/extension/, and
// the processes that the extension starts: dist/engine.js, dist/languageServer.js with its children, dist/recipeFacts.js,
// dist/lifeline.js, by which they end with whoever started them; a device is tried in dist/deviceProbe.js, TensorFlow in
// dist/tensorflowTrial.js.
// Packages with native code or large data stay outside the bundle and are resolved at run time.
import { build, transform } from 'esbuild';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const node = {
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  // jsonc-parser's CommonJS build loads its parts in a way that no bundler can follow.
  mainFields: ['module', 'main'],
  external: ['vscode', 'onnxruntime-node'],
  logLevel: 'warning',
};

const processes = {
  cli: 'src/cli.ts',
  engine: 'src/engine/main.ts',
  deviceProbe: 'src/engine/devices/probeProcess.ts',
  tensorflowTrial: 'src/engine/process/tensorflowTrial.ts',
  languageServer: 'src/lsp/server/languageServer.ts',
  recipeFacts: 'src/lsp/server/child/main.ts',
  lifeline: 'src/engine/process/watchParent.ts',
};
await build({ ...node, entryPoints: processes, format: 'cjs' });

// The extension must be active in an instant: what `await import` names lies in files of its own, which are read when
// they are needed. esbuild splits ES modules only, and VS Code's extension host loads CommonJS: each file is turned.
const { outputFiles } = await build({
  ...node,
  entryPoints: { extension: 'src/extension.ts' },
  format: 'esm',
  splitting: true,
  chunkNames: 'extension/[name]-[hash]',
  sourcemap: 'inline',
  write: false,
});
const written = new Set();
mkdirSync('dist/extension', { recursive: true });
for (const { path: file, text } of outputFiles) {
  const { code, map } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // `require`, so that VS Code sees who asks for `vscode`.
    supported: { 'dynamic-import': false },
    sourcemap: 'external',
    sourcefile: path.basename(file),
  });
  writeFileSync(file, `${code}//# sourceMappingURL=${path.basename(file)}.map\n`);
  writeFileSync(`${file}.map`, map);
  written.add(path.basename(file)).add(`${path.basename(file)}.map`);
}
for (const old of readdirSync('dist/extension')) if (!written.has(old)) rmSync(path.join('dist/extension', old));

// Webviews: what runs in them is a page, with neither Node nor VS Code.
await build({
  entryPoints: [
    { in: 'src/views/dashboard/main.ts', out: 'dashboard' },
    { in: 'src/views/dashboard/dashboard.css', out: 'dashboard' },
    { in: 'src/views/preview/main.ts', out: 'preview' },
    { in: 'src/views/preview/preview.css', out: 'preview' },
    { in: 'src/views/playground/main.ts', out: 'playground' },
    { in: 'src/views/playground/playground.css', out: 'playground' },
  ],
  outdir: 'dist/views',
  bundle: true,
  minify: true,
  platform: 'browser',
  target: 'chrome122',
  format: 'iife',
  sourcemap: true,
  logLevel: 'warning',
});
