// `npm run test:electron`: the suite of `npm run test:vscode` that runs inside the extension host, in the desktop's VS Code,
// which is downloaded on first use. Wants a display (Linux without one: xvfb-run npm run test:electron).
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildSuite, fillSuiteFolder } from './suite.mjs';

const vscodeExecutablePath = await downloadAndUnzipVSCode({ cachePath: path.resolve('.tsbuild/vscode') }).catch(
  (error) => {
    console.error(
      `VS Code cannot be downloaded here (${error instanceof Error ? error.message : error}); ` +
        '`npm run test:vscode` runs the same suite in a VS Code from npm.',
    );
    process.exit(1);
  },
);
await import('../../esbuild.mjs');
const extensionTestsPath = await buildSuite();
const home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'lora-electron-')));
const folder = mkdtempSync(path.join(home, 'folder-'));
fillSuiteFolder(folder);
try {
  const launchArgs = [
    folder,
    '--disable-extensions',
    '--disable-workspace-trust',
    `--user-data-dir=${path.join(home, 'data')}`,
  ];
  const extensionDevelopmentPath = path.resolve('.');
  await runTests({ vscodeExecutablePath, extensionDevelopmentPath, extensionTestsPath, launchArgs });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
}
