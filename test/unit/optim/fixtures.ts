import { readFileSync } from 'node:fs';

/** What PyTorch and Transformers gave (`test/parity/trainingFixtures.py`). */
export function readFixture(name: 'adamw' | 'clipping' | 'schedules'): unknown {
  return JSON.parse(readFileSync(`test/unit/optim/fixtures/${name}.json`, 'utf8'));
}
