import { button, element, enable, setText } from '../page/element';

export interface TalkActions {
  /** Writes the last prompt once more. */
  again(): void;
  /** Whether what is written next takes the place of the last prompt. */
  edit(isEditing: boolean): void;
  startOver(): void;
}

/** Where a conversation stands, as its form shows it. */
export interface Talk {
  /** Prompts so far. */
  readonly turns: number;
  /** Whether no column could answer the last one. */
  readonly hasFailed: boolean;
  readonly isEditing: boolean;
}

/** What can be done with a conversation besides going on with it. */
export class TalkBar {
  readonly root: HTMLElement;
  private readonly note = element('p', { class: 'note' });
  private readonly editButton: HTMLButtonElement;
  private readonly all: readonly HTMLButtonElement[];
  private isEditing = false;
  private isWriting = false;

  constructor(actions: TalkActions) {
    const act = (label: string, work: () => void): HTMLButtonElement =>
      button(label, { class: 'secondary' }, () => {
        if (!this.isWriting) work();
      });
    this.editButton = act('Edit last prompt', () => actions.edit(!this.isEditing));
    this.all = [
      act('Write last prompt again', () => actions.again()),
      this.editButton,
      act('Start over', () => actions.startOver()),
    ];
    this.root = element(
      'div',
      { class: 'talk', hidden: true },
      this.note,
      element('div', { class: 'buttons' }, ...this.all),
    );
  }

  show(talk: Talk | undefined): void {
    this.root.hidden = talk === undefined;
    if (talk === undefined) return;
    this.isEditing = talk.isEditing;
    setText(this.editButton, talk.isEditing ? 'Keep last prompt' : 'Edit last prompt');
    setText(this.note, noteOf(talk));
  }

  working(isWriting: boolean): void {
    this.isWriting = isWriting;
    for (const each of this.all) enable(each, !isWriting);
  }
}

function noteOf({ turns, hasFailed, isEditing }: Talk): string {
  if (hasFailed) return `Prompt ${turns} could not be answered: what you write now takes its place.`;
  if (isEditing) return `What you write now takes the place of prompt ${turns} in all columns.`;
  return `Prompt ${turns + 1} comes next: each column goes on with its own answers.`;
}
