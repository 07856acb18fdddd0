import type { PlaygroundSetup, ShownRun, TalkStep } from '../../run/playgroundProtocol';
import { hasFailed } from './growingRun';
import type { Talk, TalkActions } from './talkBar';

/** What a conversation needs of its page. */
export interface ConversationPage {
  setup(): PlaygroundSetup;
  /** Puts a prompt into the form. */
  take(prompt: string): void;
  focus(): void;
  write(setup: PlaygroundSetup, step: TalkStep): void;
  /** What was written is gone. */
  forget(): void;
  show(talk: Talk | undefined): void;
}

/** A chat that goes on: says which step the form's prompt is, and moves prompts from the form into the chat and back. */
export class Conversation implements TalkActions {
  private run: ShownRun | undefined;
  private isEditing = false;
  /** The run whose prompt has left the form. */
  private taken = 0;

  constructor(private readonly page: ConversationPage) {}

  /** What the prompt in the form is to the conversation. */
  get step(): TalkStep {
    const talk = this.current();
    if (talk === undefined) return 'first';
    return this.isEditing || hasFailed(talk) ? 'again' : 'next';
  }

  /** A prompt's run has begun or is over: its prompt leaves the form, and comes back where nothing could answer it. */
  follow(run: ShownRun): void {
    this.run = run;
    const [prompt = ''] = run.prompts;
    if (run.isChat && !run.isOver && run.id !== this.taken) {
      this.taken = run.id;
      this.isEditing = false;
      if (this.page.setup().prompt === prompt) this.page.take('');
    }
    if (run.isChat && hasFailed(run) && this.page.setup().prompt === '') this.page.take(prompt);
    this.show();
  }

  /** Shows what can be done, such as after the user chose chat or completion. */
  show(): void {
    const talk = this.current();
    const turns = (talk?.earlier[0]?.length ?? 0) + 1;
    this.page.show(talk === undefined ? undefined : { turns, hasFailed: hasFailed(talk), isEditing: this.isEditing });
  }

  again(): void {
    const prompt = this.current()?.prompts[0];
    if (prompt !== undefined) this.page.write({ ...this.page.setup(), prompt }, 'again');
  }

  edit(isEditing: boolean): void {
    const prompt = this.current()?.prompts[0] ?? '';
    const written = this.page.setup().prompt;
    this.isEditing = isEditing;
    // What was begun stays, but for the text that only came back to be edited.
    if (isEditing && written === '') this.page.take(prompt);
    else if (!isEditing && written === prompt) this.page.take('');
    this.show();
    this.page.focus();
  }

  startOver(): void {
    this.run = undefined;
    this.isEditing = false;
    this.page.forget();
    this.show();
    this.page.focus();
  }

  /** The conversation that the next prompt belongs to. */
  private current(): ShownRun | undefined {
    return this.page.setup().isChat && this.run?.isChat === true ? this.run : undefined;
  }
}
