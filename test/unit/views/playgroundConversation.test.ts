import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSetup } from '../../../src/run/playgroundProtocol';
import type { PlaygroundSetup, ShownEnd, ShownRun, ShownTurn } from '../../../src/run/playgroundProtocol';
import { Conversation } from '../../../src/views/playground/conversation';
import type { Talk } from '../../../src/views/playground/talkBar';

/** A page that notes what its conversation does. */
class Page {
  setup: PlaygroundSetup = { ...defaultSetup, isChat: true };
  talk: Talk | undefined;
  readonly done: string[] = [];
  #runs = 0;
  readonly conversation = new Conversation({
    setup: () => this.setup,
    take: (prompt) => this.type(prompt),
    focus: () => void this.done.push('focus'),
    write: ({ prompt }, step) => void this.done.push(`write ${prompt} ${step}`),
    forget: () => void this.done.push('forget'),
    show: (talk) => (this.talk = talk),
  });

  type(prompt: string): void {
    this.setup = { ...this.setup, prompt };
  }

  /** The prompt in the form is written, and ends for this reason in its one column. */
  write(reason: ShownEnd['reason'], earlier: readonly ShownTurn[] = []): void {
    const { prompt, isChat } = this.setup;
    const id = ++this.#runs;
    const run = (isOver: boolean): ShownRun => ({
      ...{ kind: 'prompt', id, prompts: [prompt], isChat, columns: [[]] },
      ...{ earlier: [earlier], isOver },
      texts: [{ pieces: [], end: isOver ? { reason, tokens: 1, tokensPerSecond: null, problem: null } : null }],
    });
    this.conversation.follow(run(false));
    this.conversation.follow(run(true));
  }
}

const turn: ShownTurn = { prompt: 'a', answer: 'b', by: [] };

test('a prompt goes from the form into the conversation, and the next one comes after it', () => {
  const page = new Page();
  assert.deepEqual([page.conversation.step, page.talk], ['first', undefined]);
  page.type('hello');
  page.write('stop');
  assert.deepEqual([page.setup.prompt, page.conversation.step], ['', 'next']);
  assert.deepEqual(page.talk, { turns: 1, hasFailed: false, isEditing: false });
  page.type('and then');
  page.write('length', [turn]);
  assert.equal(page.talk.turns, 2);
});

test('what nothing could answer comes back, and is written again in its place', () => {
  const page = new Page();
  page.type('hello');
  page.write('failed');
  assert.deepEqual([page.setup.prompt, page.conversation.step], ['hello', 'again']);
  assert.ok(page.talk?.hasFailed);
});

test('the last prompt is written again or edited, and what was begun meanwhile stays', () => {
  const page = new Page();
  page.type('hello');
  page.write('stop');
  page.type('begun');
  page.conversation.again();
  assert.deepEqual([page.done.pop(), page.setup.prompt], ['write hello again', 'begun']);
  page.conversation.edit(true);
  assert.deepEqual([page.setup.prompt, page.conversation.step], ['begun', 'again']);
  page.conversation.edit(false);
  page.type('');
  page.conversation.edit(true);
  assert.equal(page.setup.prompt, 'hello');
  page.conversation.edit(false);
  assert.deepEqual([page.setup.prompt, page.conversation.step], ['', 'next']);
});

test('starting over forgets it, and a completion has none', () => {
  const page = new Page();
  page.type('hello');
  page.write('stop');
  page.setup = { ...page.setup, isChat: false };
  page.conversation.show();
  assert.deepEqual([page.talk, page.conversation.step], [undefined, 'first']);
  page.setup = { ...page.setup, isChat: true };
  page.conversation.show();
  assert.equal(page.conversation.step, 'next');
  page.conversation.startOver();
  assert.deepEqual([page.done.slice(-2), page.talk, page.conversation.step], [['forget', 'focus'], undefined, 'first']);
});
