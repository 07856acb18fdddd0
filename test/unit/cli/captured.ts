import assert from 'node:assert/strict';
import type { Engine } from '../../../src/cli/engine';
import { main, type Invocation } from '../../../src/cli/main';

export interface Captured {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An engine of which a test writes the part that it needs; anything else that is asked of it fails the test. */
export function engineWith(part: Partial<Engine>): Engine {
  const refuse = (): never => assert.fail('the command asked the engine for something else');
  return {
    plan: refuse,
    train: refuse,
    tokens: refuse,
    check: refuse,
    evaluate: refuse,
    generate: refuse,
    merge: refuse,
    combine: refuse,
    serve: refuse,
    export: refuse,
    exportFormats: refuse,
    import: refuse,
    publish: refuse,
    runs: refuse,
    doctor: refuse,
    download: refuse,
    baseModels: refuse,
    findIngredients: refuse,
    describeDatasets: refuse,
    propose: refuse,
    ...part,
  };
}

/** Runs a command in this process, as if nothing were a terminal unless `around` says so. */
export async function run(args: readonly string[], around: Partial<Invocation> = {}): Promise<Captured> {
  let stdout = '';
  let stderr = '';
  const exitCode = await main({
    args,
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    isInteractive: false,
    cwd: process.cwd(),
    environment: {},
    platform: 'linux',
    signal: new AbortController().signal,
    loadEngine: () => Promise.reject(new Error('the command asked for the engine')),
    onCommand: () => undefined,
    ...around,
  });
  return { exitCode, stdout, stderr };
}
