// The engine's façade for text as a module that plain Node loads, built as the command line is.
import { build } from 'esbuild';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');

/** Path of a bundle that exports `TextModel`; whoever asks removes it. It lies in the checkout, where packages are found. */
export async function bundledTextModel() {
  const outfile = path.join(root, '.tsbuild', `text-model-${process.pid}.cjs`);
  await build({
    entryPoints: [path.join(root, 'src/engine/operations/textModel.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    external: ['onnxruntime-node'],
    logLevel: 'warning',
  });
  return outfile;
}
