import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { LoraApi } from '../../../src/host/api';
import type { Tests } from './index';
import { api, folder, inFolder } from './workspace';

export const taskTests: Tests = {
  'there is a task for each recipe': async () => {
    const tasks = await vscode.tasks.fetchTasks({ type: 'lora' });
    const provided = tasks.filter(({ definition }) => definition['set'] === undefined);
    assert.deepEqual(provided.map(({ name }) => name).sort(), ['train broken', 'train count-by-ten']);
    assert.ok(provided.every(({ group, problemMatchers }) => group === undefined && problemMatchers[0] === '$lora'));
  },

  'a task of tasks.json trains with its own values, and what depends on it comes after': async () => {
    const ended: string[] = [];
    const subscription = vscode.tasks.onDidEndTaskProcess(({ execution }) => ended.push(execution.task.name));
    const both = (await vscode.tasks.fetchTasks()).find(({ name }) => name === 'train, then say so');
    assert.ok(both !== undefined);
    assert.equal(await exitCode(both), 0);
    subscription.dispose();
    assert.deepEqual(ended, ['three steps', 'train, then say so']);
    const [run] = await (await api()).runs();
    assert.deepEqual([run?.status, run?.step], ['finished', 3]);
  },

  'a task whose recipe is wrong fails as the command line does': async () => {
    assert.equal(await exitCode(await taskNamed('train broken')), 1);
  },

  'the problems of a task are marked at their place': async () => {
    const uri = vscode.Uri.file(inFolder('broken.lora.json'));
    const problem = await markedIn(uri, 'lora');
    assert.match(problem.message, /dataset/);
    assert.equal(problem.severity, vscode.DiagnosticSeverity.Error);
  },

  'a task that is terminated keeps a checkpoint, and another one resumes it': async () => {
    const lora = await api();
    const stepped = new Promise<void>((resolve) => {
      const subscription = lora.onDidRunEvent((_, { type }) => {
        if (type !== 'step') return;
        subscription.dispose();
        resolve();
      });
    });
    const endless = (await vscode.tasks.fetchTasks({ type: 'lora' })).find(({ name }) => name === 'endless');
    assert.ok(endless !== undefined);
    const execution = await vscode.tasks.executeTask(endless);
    await stepped;
    execution.terminate();
    const stopped = await latestOnceOver();
    assert.deepEqual([stopped?.status, stopped?.resumable], ['cancelled', true]);

    const set = [`training.max_steps=${(stopped?.step ?? 0) + 5}`, 'training.save_steps=100000'];
    const definition = { type: 'lora', recipe: 'count-by-ten.lora.json', resume: 'latest', set };
    const { execution: trains } = await taskNamed('train count-by-ten');
    assert.equal(await exitCode(new vscode.Task(definition, folder(), 'resume', 'lora', trains)), 0);
    const [resumed] = await lora.runs();
    assert.deepEqual([resumed?.run, resumed?.status], [stopped?.run, 'finished']);
  },
};

async function taskNamed(name: string): Promise<vscode.Task> {
  const found = (await vscode.tasks.fetchTasks({ type: 'lora' })).find((task) => task.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

/** The latest run, once nothing trains it any more: a task ends with its terminal, its run with its step. */
async function latestOnceOver(): Promise<Awaited<ReturnType<LoraApi['runs']>>[number] | undefined> {
  const lora = await api();
  for (;;) {
    const [latest] = await lora.runs();
    if (latest?.status !== 'running') return latest;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function exitCode(task: vscode.Task): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const subscription = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode: code }) => {
      if (execution.task.name !== task.name) return;
      subscription.dispose();
      resolve(code);
    });
    vscode.tasks.executeTask(task).then(undefined, reject);
  });
}

/** Matchers work behind the task: its problems may come after its end. */
function markedIn(uri: vscode.Uri, source: string): Promise<vscode.Diagnostic> {
  const find = (): vscode.Diagnostic | undefined =>
    vscode.languages.getDiagnostics(uri).find((problem) => problem.source === source);
  return new Promise((resolve) => {
    const look = (): void => {
      const found = find();
      if (found === undefined) return;
      subscription.dispose();
      resolve(found);
    };
    const subscription = vscode.languages.onDidChangeDiagnostics(look);
    look();
  });
}
