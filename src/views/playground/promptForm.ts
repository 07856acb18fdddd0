import { button, element, enable, setText } from '../page/element';
import { TalkBar } from './talkBar';
import type { Talk, TalkActions } from './talkBar';

/** What the user asks. */
export interface AskedPrompt {
  readonly prompt: string;
  readonly isChat: boolean;
  readonly system: string;
}

export interface PromptActions {
  changed(asked: AskedPrompt): void;
  write(): void;
  stop(): void;
  addToSet(): void;
}

/** The prompt, whether it is a chat's, and the buttons that start and stop. */
export class PromptForm {
  readonly root: HTMLElement;
  private readonly prompt = element('textarea', { id: 'prompt', rows: 4 });
  private readonly system = element('textarea', { id: 'system', rows: 2 });
  private readonly systemPart: HTMLElement;
  private readonly completion = element('input', { type: 'radio', name: 'mode', id: 'completion', checked: true });
  private readonly chat = element('input', { type: 'radio', name: 'mode', id: 'chat' });
  private readonly chatNote = element('span', { class: 'note', id: 'chat-note' });
  private readonly writeButton: HTMLButtonElement;
  private readonly stopButton: HTMLButtonElement;
  private readonly said = element('span', { class: 'note said', role: 'status' });
  private readonly talk: TalkBar;
  private knowsChat = false;
  private isWriting = false;

  constructor(
    private readonly actions: PromptActions,
    talkActions: TalkActions,
  ) {
    this.writeButton = button('Write', { class: 'primary', 'aria-keyshortcuts': 'Control+Enter' }, () => this.write());
    this.stopButton = button('Stop', { class: 'secondary', 'aria-keyshortcuts': 'Escape' }, () => this.stop());
    const add = button('Add to prompt set', { class: 'secondary' }, () => actions.addToSet());
    this.talk = new TalkBar(talkActions);
    const mode = element(
      'fieldset',
      { class: 'group modes' },
      element('legend', { class: 'unseen' }, 'How the prompt is given to the model'),
      this.completion,
      element('label', { for: 'completion' }, 'Completion'),
      this.chat,
      element('label', { for: 'chat' }, 'Chat'),
      this.chatNote,
    );
    this.chat.setAttribute('aria-describedby', 'chat-note');
    this.systemPart = element(
      'div',
      { class: 'field', hidden: true },
      element('label', { for: 'system' }, 'System prompt'),
      this.system,
    );
    this.root = element(
      'div',
      { class: 'card prompt-part' },
      mode,
      this.systemPart,
      element('div', { class: 'field' }, element('label', { for: 'prompt' }, 'Prompt'), this.prompt),
      element('div', { class: 'buttons' }, this.writeButton, this.stopButton, add, this.said),
      this.talk.root,
      element('p', { class: 'note' }, 'Ctrl+Enter (⌘ Enter) writes in all columns, Escape stops.'),
    );
    for (const input of [this.prompt, this.system, this.completion, this.chat]) {
      input.addEventListener('input', () => this.changed());
    }
    this.prompt.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.write();
    });
    this.working(false);
  }

  show({ prompt, isChat, system }: AskedPrompt): void {
    this.prompt.value = prompt;
    this.system.value = system;
    this.chat.checked = isChat && this.knowsChat;
    this.completion.checked = !this.chat.checked;
    this.systemPart.hidden = !this.chat.checked;
  }

  /** Chat is there only where the model has a template for it. */
  allowChat(knowsChat: boolean): void {
    this.knowsChat = knowsChat;
    this.chat.disabled = !knowsChat;
    setText(this.chatNote, knowsChat ? '' : 'This model has no chat template.');
  }

  working(isWriting: boolean): void {
    this.isWriting = isWriting;
    enable(this.writeButton, !isWriting);
    enable(this.stopButton, isWriting);
    this.talk.working(isWriting);
  }

  /** Offers what can be done with the conversation that is there. */
  showTalk(talk: Talk | undefined): void {
    this.talk.show(talk);
  }

  say(words: string): void {
    setText(this.said, words);
  }

  focus(): void {
    this.prompt.focus();
  }

  private changed(): void {
    this.systemPart.hidden = !this.chat.checked;
    this.actions.changed({ prompt: this.prompt.value, isChat: this.chat.checked, system: this.system.value });
  }

  private write(): void {
    if (this.isWriting) return;
    if (this.prompt.value.trim() === '') {
      this.say('Write a prompt first.');
      this.prompt.focus();
      return;
    }
    this.say('Writing…');
    this.actions.write();
  }

  private stop(): void {
    if (this.isWriting) this.actions.stop();
  }
}
