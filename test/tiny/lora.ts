import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { TrainingEvent } from '../../src/run/trainingEvent';

const cli = path.resolve('dist/cli.js');

/** How a `lora` command ended. */
export interface Ended {
  /** Null where a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command as a user does. `onLine` sees each line of stdout as it comes. */
export async function lora(
  args: readonly string[],
  onLine: (line: string, child: ChildProcess) => void = () => undefined,
): Promise<Ended> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  createInterface({ input: child.stdout }).on('line', (line) => onLine(line, child));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, stdout, stderr };
}

/** How a training ended, with all its events. */
export interface Trained extends Ended {
  readonly events: readonly TrainingEvent[];
}

/** `lora train RECIPE --json`; every line of stdout must be one event. */
export async function train(
  recipe: string,
  args: readonly string[] = [],
  onEvent: (event: TrainingEvent, child: ChildProcess) => void = () => undefined,
): Promise<Trained> {
  const ended = await lora(['train', recipe, '--json', ...args], (line, child) =>
    onEvent(JSON.parse(line) as TrainingEvent, child),
  );
  // Of a killed process the last line may be cut off.
  const lines = ended.stdout.split('\n').slice(0, -1);
  return { ...ended, events: lines.map((line) => JSON.parse(line) as TrainingEvent) };
}

/** The events of one type. */
export function eventsOf<Type extends TrainingEvent['type']>(
  { events }: Pick<Trained, 'events'>,
  type: Type,
): Extract<TrainingEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<TrainingEvent, { type: Type }> => event.type === type);
}
