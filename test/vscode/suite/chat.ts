import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Tests } from './index';
import { api, inFolder } from './workspace';

/** The part of VS Code's interface that is newer than the types that this is compiled with. */
interface ChatModel {
  readonly id: string;
  readonly name: string;
  readonly vendor: string;
  readonly family: string;
  readonly maxInputTokens: number;
  sendRequest(
    messages: readonly unknown[],
    options: { readonly modelOptions?: Readonly<Record<string, unknown>> },
    token: vscode.CancellationToken,
  ): Thenable<{ readonly text: AsyncIterable<string> }>;
  countTokens(text: unknown): Thenable<number>;
}

const vendor = 'lora-workbench';
/** Milliseconds until VS Code must have asked for its models again. */
const patience = 60_000;

/** Whether this VS Code takes chat models from extensions. */
function isOffered(): boolean {
  const [major = 0, minor = 0] = vscode.version.split('.').map(Number);
  return major > 1 || minor >= 104;
}

/** The models of this extension, once there are as many as expected. */
async function models(count: number): Promise<readonly ChatModel[]> {
  let found: readonly ChatModel[] = [];
  for (const end = Date.now() + patience; Date.now() < end;) {
    found = await vscode.lm.selectChatModels({ vendor });
    if (found.length === count) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail(`VS Code lists ${found.map(({ id }) => id).join(', ') || 'no model'}, ${count} are expected`);
}

function ask(text: string): unknown {
  return vscode.LanguageModelChatMessage.User(text);
}

/** Gives the base model of the workspace a chat template, or takes it away. */
function setTemplate(chatTemplate: string | undefined): void {
  const file = inFolder('model/tokenizer_config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...config, chat_template: chatTemplate }));
}

const template = "{% for message in messages %}{{ message['content'] }}{% endfor %}";

export const chatTests: Tests = {
  'an adapter is a model of the chat: counted, answered in pieces, cancelled': async () => {
    const lora = await api();
    if (!isOffered()) return;
    setTemplate(template);
    // Others of the suite train it as well: it is there, or made now.
    if ((await lora.adapters()).length === 0) {
      await lora.startRun(vscode.Uri.file(inFolder('count-by-ten.lora.json')));
    }
    const [model] = await models(1);
    assert.ok(model !== undefined);
    assert.deepEqual([model.vendor, model.name, model.id], [vendor, 'count-by-ten', 'adapters/count-by-ten']);
    const { max_position_embeddings: context } = JSON.parse(readFileSync(inFolder('model/config.json'), 'utf8')) as {
      readonly max_position_embeddings: number;
    };
    assert.equal(model.maxInputTokens, context - Math.floor(context / 4));
    const one = await model.countTokens('1, 2, 3');
    assert.ok(one > 0);
    assert.ok((await model.countTokens('1, 2, 3, 4, 5, 6')) > one);
    assert.equal(await model.countTokens(ask('1, 2, 3')), one);

    const never = new vscode.CancellationTokenSource().token;
    const pieces: string[] = [];
    const said = async (count: number): Promise<string> => {
      const { text } = await model.sendRequest([ask('1, 2, 3,')], { modelOptions: { max_tokens: count } }, never);
      let all = '';
      for await (const piece of text) {
        pieces.push(piece);
        all += piece;
      }
      return all;
    };
    const answer = await said(8);
    assert.ok(answer.length > 0);
    assert.equal(await said(8), answer);

    const stop = new vscode.CancellationTokenSource();
    const { text } = await model.sendRequest([ask('1, 2, 3,')], {}, stop.token);
    stop.cancel();
    try {
      for await (const piece of text) pieces.push(piece);
    } catch (error) {
      assert.match(String(error), /cancel/i);
    }
    // The engine is free for the next one.
    assert.equal(await said(8), answer);
  },

  'an adapter without its base model is listed, and says what to do': async () => {
    const lora = await api();
    if (!isOffered()) return;
    assert.ok((await lora.adapters()).length > 0);
    const orphan = inFolder('adapters/orphan');
    cpSync(inFolder('adapters/count-by-ten'), orphan, { recursive: true });
    const file = path.join(orphan, 'adapter_config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...config, base_model_name_or_path: 'nobody/has-this' }));
    try {
      const model = (await models(2)).find(({ name }) => name === 'orphan');
      assert.ok(model !== undefined);
      const never = new vscode.CancellationTokenSource().token;
      await assert.rejects(async () => {
        const { text } = await model.sendRequest([ask('1')], {}, never);
        for await (const piece of text) assert.fail(piece);
      }, /nobody\/has-this.*Download Base Model/s);
    } finally {
      rmSync(orphan, { recursive: true });
    }
    await models(1);
  },

  'adapters of a base model without a chat template are no models of the chat': async () => {
    await api();
    if (!isOffered()) return;
    setTemplate(undefined);
    const config = inFolder('adapters/count-by-ten/adapter_config.json');
    // What VS Code knows is asked for anew when an adapter changes.
    writeFileSync(config, readFileSync(config));
    await models(0);
  },
};
