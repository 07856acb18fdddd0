import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { tryTensorflow } from '../../../src/engine/operations/tensorflow/trial';

const hasTools = (() => {
  try {
    execFileSync('g++', ['--version']);
    return process.platform === 'linux' && process.arch === 'x64';
  } catch {
    return false;
  }
})();
const skip = hasTools ? false : 'needs Linux on x64 with g++';

describe('trying TensorFlow in a process of its own', { skip }, () => {
  let scratch = '';
  beforeEach(() => (scratch = mkdtempSync(path.join(tmpdir(), 'lora-tensorflow-'))));
  afterEach(() => rmSync(scratch, { recursive: true }));

  /** A library that does something as soon as it is loaded. */
  function library(code: string): string {
    const file = path.join(scratch, 'library.node');
    const source = path.join(scratch, 'library.cc');
    writeFileSync(source, `#include <cstdlib>\n__attribute__((constructor)) static void load() { ${code} }\n`);
    execFileSync('g++', ['-shared', '-fPIC', '-o', file, source]);
    return file;
  }
  const attempt = (binding: string, patience = 60_000, signal = new AbortController().signal): Promise<number> =>
    tryTensorflow({ binding, gpu: false, signal, patience });

  test('a crash is an answer', async () => {
    const crash = { code: 'tensorflow-crashed', message: /SIGABRT/, hint: /engine\.runtime to "auto"/ };
    await assert.rejects(attempt(library('abort();')), crash);
  });

  test('a processor that does not know its instructions', async () => {
    await assert.rejects(attempt(library('__builtin_trap();')), { code: 'tensorflow-crashed', hint: /AVX/ });
  });

  test('what never answers is ended', async () => {
    const hung = { code: 'tensorflow-crashed', message: /no answer within 2 s/ };
    await assert.rejects(attempt(library('for (volatile int i = 0;; i++);'), 2000), hung);
  });

  test('a file that is no library', async () => {
    const file = path.join(scratch, 'tfjs_binding.node');
    writeFileSync(file, 'no library');
    await assert.rejects(attempt(file), { code: 'tensorflow-not-loading' });
  });

  test('a stop ends it', async () => {
    const stop = new AbortController();
    const ended = attempt(library('for (volatile int i = 0;; i++);'), 60_000, stop.signal);
    setTimeout(() => stop.abort(), 300);
    await assert.rejects(ended, { name: 'AbortError' });
  });
});
