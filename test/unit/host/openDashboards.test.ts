import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OpenDashboards } from '../../../src/host/views/openDashboards';

/** What VS Code keeps of a workspace, over windows. */
class Memento {
  readonly #values = new Map<string, unknown>();

  keys(): readonly string[] {
    return [...this.#values.keys()];
  }
  get<Value>(key: string, otherwise?: Value): Value | undefined {
    return (structuredClone(this.#values.get(key)) as Value | undefined) ?? otherwise;
  }
  update(key: string, value: unknown): Promise<void> {
    this.#values.set(key, structuredClone(value));
    return Promise.resolve();
  }
}

describe('the dashboards that are open', () => {
  test('are known after a window or an extension host that ended without a word', () => {
    const memory = new Memento();
    const before = new OpenDashboards(memory);
    before.add('/a');
    before.add('/b');
    before.delete('/a');
    assert.equal(new OpenDashboards(memory).missing(), '/b');
  });

  test('are missing until they are shown again, one after the other', () => {
    const memory = new Memento();
    for (const folder of ['/a', '/b']) new OpenDashboards(memory).add(folder);
    const after = new OpenDashboards(memory);
    const shown = [after.missing()!];
    after.add(shown[0]!);
    shown.push(after.missing()!);
    after.add(shown[1]!);
    assert.deepEqual(shown.sort(), ['/a', '/b']);
    assert.equal(after.missing(), undefined);
  });

  test('are not forgotten when the next window ends before it has shown them', () => {
    const memory = new Memento();
    new OpenDashboards(memory).add('/a');
    new OpenDashboards(memory).add('/b');
    assert.equal(new OpenDashboards(memory).missing(), '/b');
    const third = new OpenDashboards(memory);
    third.add('/b');
    assert.equal(third.missing(), '/a');
  });

  test('of a window that never had any are none', () => {
    assert.equal(new OpenDashboards(new Memento()).missing(), undefined);
  });
});
