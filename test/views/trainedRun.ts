import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TrainingEvent } from '../../src/run/trainingEvent';

/** A run of examples/numbers as the command line trains it, with evaluation, samples and `more` settings: what its files say. */
export function trainNumbers(...more: readonly string[]): readonly TrainingEvent[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'lora-dashboard-'));
  try {
    for (const name of ['count-by-ten.lora.json', 'data.jsonl', 'model']) {
      cpSync(path.join('examples/numbers', name), path.join(folder, name), { recursive: true });
    }
    const settings = [
      'dataset.eval_split=0.1',
      'training.eval_steps=30',
      'training.save_steps=50',
      'training.sample_prompts=["9,","4,"]',
      ...more,
    ];
    const recipe = path.join(folder, 'count-by-ten.lora.json');
    execFileSync(process.execPath, ['dist/cli.js', 'train', recipe, ...settings.flatMap((each) => ['--set', each])], {
      stdio: 'ignore',
    });
    const runs = path.join(folder, '.lora', 'runs');
    const metrics = readFileSync(path.join(runs, readdirSync(runs)[0]!, 'metrics.jsonl'), 'utf8');
    return metrics
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TrainingEvent);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
