import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Tests } from './index';
import { api, extension, inFolder } from './workspace';

export const apiTests: Tests = {
  'the API has version 1 and no other': async () => {
    const exports = await extension().activate();
    assert.equal(exports.getApi(1).version, 1);
    assert.throws(() => exports.getApi(2 as 1), RangeError);
  },

  'a run is trained through the API, told event by event, and found with its adapter': async () => {
    const lora = await api();
    const told: string[] = [];
    const subscription = lora.onDidRunEvent((_, event) => told.push(event.type));
    assert.equal(await lora.startRun(vscode.Uri.file(inFolder('count-by-ten.lora.json'))), 'finished');
    subscription.dispose();
    assert.equal(told.filter((type) => type === 'step').length, 20);
    assert.deepEqual([told[0], told.at(-2), told.at(-1)], ['plan', 'proof', 'finished']);

    const [run] = await lora.runs();
    assert.deepEqual([run?.status, run?.step, run?.adapter], ['finished', 20, inFolder('adapters/count-by-ten')]);
    const [adapter] = await lora.adapters();
    assert.deepEqual([adapter?.name, adapter?.r, adapter?.problem], ['count-by-ten', 2, null]);
  },

  'a run that fails rejects with its reason': async () => {
    const lora = await api();
    await assert.rejects(lora.startRun(vscode.Uri.file(inFolder('broken.lora.json'))), /dataset/);
  },
};
