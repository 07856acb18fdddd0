#!/usr/bin/env node
import type { Command } from './cli/command';
import { stoppedBefore } from './cli/commands/train';
import type { Engine } from './cli/engine';
import { InterruptCounter } from './cli/interrupt';
import { main } from './cli/main';

const stop = new AbortController();
const interrupts = new InterruptCounter();
let running: Command | undefined;

/** Ctrl-C, SIGTERM or a closed terminal. */
function interrupt(): void {
  const meaning = interrupts.press(performance.now());
  if (meaning === 'wait') return;
  if (running === undefined && process.argv[2] === 'train') process.stderr.write(`\n${stoppedBefore}\n`);
  if (meaning === 'force' || running?.stopsWhenAsked !== true) process.exit(130);
  process.stderr.write('\nStopping … press Ctrl-C again to stop at once.\n');
  stop.abort();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // Whoever read our output has gone (`lora train … | head`): nothing more to say, but a run keeps its state.
    if (running?.stopsWhenAsked !== true) process.exit(0);
    stop.abort();
  });
}

process.on('uncaughtException', (error) => {
  process.stderr.write(`error: This is a bug in lora, not your fault.\n${error.stack ?? error.message}\n`);
  process.exit(3);
});

/** Loaded only when a command asks for it: `lora help` must not wait for the runtime. */
async function loadEngine(): Promise<Engine> {
  const { createEngine } = await import('./engine/session');
  return createEngine();
}

void main({
  args: process.argv.slice(2),
  stdout: process.stdout,
  stderr: process.stderr,
  isInteractive: process.stdin.isTTY && process.stderr.isTTY,
  cwd: process.cwd(),
  environment: process.env,
  platform: process.platform,
  signal: stop.signal,
  loadEngine,
  onCommand(command) {
    running = command;
  },
}).then((exitCode) => {
  process.exitCode = exitCode;
  // Nothing that the engine still holds open may keep the command from ending once all is written.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
});
