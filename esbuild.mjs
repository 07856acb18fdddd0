// Builds what ships: dist/cli.js (the `lora` command), dist/extension.js and dist/engine.js, the process that the
// extension starts: the extension itself does not hold the engine.
// Packages with native code or large data stay outside the bundle and are resolved at run time.
import { build } from 'esbuild';

const external = ['vscode', 'onnxruntime-node'];

await build({
  entryPoints: {
    cli: 'src/cli.ts',
    engine: 'src/engine/main.ts',
    extension: 'src/extension.ts',
    languageServer: 'src/lsp/server/languageServer.ts',
    recipeFacts: 'src/lsp/server/thread/main.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: true,
  // jsonc-parser's CommonJS build loads its parts in a way that no bundler can follow.
  mainFields: ['module', 'main'],
  external,
  logLevel: 'warning',
});

// Webviews: what runs in them is a page, with neither Node nor VS Code.
await build({
  entryPoints: [
    { in: 'src/views/dashboard/main.ts', out: 'dashboard' },
    { in: 'src/views/dashboard/dashboard.css', out: 'dashboard' },
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
