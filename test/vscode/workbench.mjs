import path from 'node:path';

/** How long anything may take before it counts as not happening, in milliseconds: also on a machine at its limit. */
const patience = 120_000;

/** One window of VS Code in a browser, driven as a person would. */
export class Workbench {
  constructor(page, screens) {
    this.page = page;
    this.#screens = screens;
    page.setDefaultTimeout(patience);
  }
  #screens;
  #shots = 0;

  async open(url) {
    await this.page.goto(url);
    await this.page.locator('.monaco-workbench .part.statusbar .statusbar-item').first().waitFor();
    await this.page.locator('.explorer-folders-view, .explorer-viewlet').first().waitFor();
    // The extension is known.
    await this.page.locator('.activitybar .action-label[aria-label^="LoRA"]').first().waitFor();
  }

  /** Runs a command by its title in the palette. */
  async command(title) {
    const row = this.entry(title);
    await persist(`the palette offers "${title}"`, async () => {
      // An open list does not grow by what becomes available meanwhile.
      await this.page.keyboard.press('Escape');
      await this.palette(`>${title}`);
      await row.click({ timeout: 5000 });
    });
  }

  /** Titles that the palette offers for what is typed. */
  async offered(typed) {
    await this.palette(`>${typed}`);
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    await rows.first().waitFor();
    const labels = await rows.locator('.label-name').allTextContents();
    await this.page.keyboard.press('Escape');
    return labels;
  }

  async palette(text) {
    const input = this.page.locator('.quick-input-widget input').first();
    // One list that is just closing takes the next one with it.
    await persist('the palette', async () => {
      await this.page.keyboard.press('F1');
      await input.waitFor({ timeout: 5000 });
      await input.fill(text, { timeout: 5000 });
    });
  }

  /** A file or, after `>`, a command, with the keyboard alone: what is typed leads to the first entry. */
  async chooseByKeys(text) {
    const { keyboard } = this.page;
    const first = this.page.locator('.quick-input-list .monaco-list-row.focused');
    const wanted = text.replace(/^>/, '');
    await persist(`typing "${text}" leads to it`, async () => {
      await keyboard.press('Escape');
      await keyboard.press('F1');
      await this.page.locator('.quick-input-widget input').first().waitFor({ timeout: 5000 });
      await keyboard.press('Control+A');
      await keyboard.type(text);
      await first.filter({ hasText: wanted }).waitFor({ timeout: 10_000 });
    });
    await keyboard.press('Enter');
  }

  /** Opens a file of the workspace. */
  async openFile(name) {
    // Whatever else takes the focus closes the list, such as a dialog that ends.
    await persist(`the list offers ${name}`, async () => {
      await this.palette(name);
      await this.entry(name).click({ timeout: 5000 });
    });
    await this.page.locator('.tab', { hasText: name }).first().waitFor();
    await this.page.locator('.monaco-editor .view-line').first().waitFor();
  }

  /** A word in the editor's text. */
  word(text) {
    return this.page.locator('.monaco-editor .view-line span span').filter({ hasText: text }).first();
  }

  /** Waits until an editor's cursor is in a line; the status bar tells only that of the group that has the focus. */
  async atLine(number) {
    const lines = this.page.locator('.monaco-editor .active-line-number');
    await lines
      .filter({ hasText: new RegExp(`^${number}$`) })
      .first()
      .waitFor();
  }

  async clickWord(text) {
    await this.word(text).click();
  }

  /** Opens what can be done about the problem at a word, and has `choose` do with the entry of this text what it will. */
  async fix(word, text, choose) {
    const entry = this.page.locator('.action-widget .monaco-list-row', { hasText: text }).first();
    // The list closes when lines move under it, as lenses do that have just been found: then it is asked for again.
    await persist(`what can be done about "${word}"`, async () => {
      await this.page.keyboard.press('Escape');
      await this.clickWord(word);
      await this.page.keyboard.press('Control+.');
      await entry.waitFor({ timeout: 5000 });
      await choose(entry);
    });
  }

  async hover(text) {
    await this.word(text).hover();
  }

  /** Picks an entry of the list or answers the question that is open. */
  async pick(text) {
    // What the pointer rests on shows a hover, which would cover other entries.
    await this.page.mouse.move(0, 0);
    await this.entry(text).click();
  }

  /** An entry of the list that is open. */
  entry(text) {
    return this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
  }

  /** Chooses from the context menu of a line; `opened` sees the menu before. */
  async menu(line, text, opened = async () => undefined) {
    // VS Code's own menus lie in a shadow root, which locators see through.
    const entry = this.page.locator('.monaco-menu .action-label', { hasText: text }).first();
    // Whatever else takes the focus closes it.
    await persist(`the menu offers "${text}"`, async () => {
      await this.page.keyboard.press('Escape');
      await line.click({ button: 'right', timeout: 5000 });
      await entry.waitFor({ timeout: 5000 });
      await opened();
      await entry.click({ timeout: 5000 });
      // In its first tenth of a second a menu passes a click over.
      await entry.waitFor({ state: 'hidden', timeout: 5000 });
    });
  }

  /** Fills in the question that is open. */
  async fillIn(text) {
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor({ state: 'visible' });
    await input.fill(text);
  }

  async answer(text) {
    await this.fillIn(text);
    await this.page.keyboard.press('Enter');
  }

  question(text) {
    return this.page.locator('.quick-input-widget', { hasText: text });
  }

  toast(text) {
    return this.page.locator('.notification-toast').filter({ hasText: text }).first();
  }

  /**
   * Presses a button of a notice, which closes it: one that another notice pushes away has not been hit. One that has been
   * there for a while waits in the list of notices.
   */
  async press(toast, button) {
    const named = (notice) => notice.locator('.monaco-button, .monaco-text-button', { hasText: button }).first();
    const listed = this.page.locator('.notifications-center .monaco-list-row');
    let isPressed = false;
    await named(toast)
      .waitFor({ timeout: 10_000 })
      .catch(() => undefined);
    await persist(`"${button}" closes its notice`, async () => {
      for (const entry of [named(toast), named(listed)]) {
        if (!(await entry.isVisible())) continue;
        await entry.click({ timeout: 5000 });
        isPressed = true;
        await entry.waitFor({ state: 'hidden', timeout: 5000 });
      }
      if (isPressed) return;
      await this.command('Notifications: Show Notifications');
      await named(listed).waitFor({ timeout: 5000 });
      throw new Error('It is in the list');
    });
  }

  /** The page of the dashboard that is shown. */
  dashboard() {
    return this.webview();
  }

  /** The page of the webview that is shown. */
  webview() {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  }

  async sidebar() {
    const tab = this.page.locator('.activitybar .action-label[aria-label^="LoRA"]').first();
    const view = this.page.locator('.pane-header', { hasText: 'Recipes' }).first();
    if (!(await view.isVisible())) await tab.click();
    await view.waitFor();
  }

  /** A line of the views in the sidebar. */
  line(text) {
    return this.page.locator('.pane-body .monaco-list-row', { hasText: text }).first();
  }

  status(text) {
    return this.page.locator('.statusbar-item', { hasText: text }).first();
  }

  /** Keeps a picture of one part of the window for the walkthrough: copied to media/walkthrough when it should be newer. */
  async picture(name, part, height = Infinity) {
    const box = await part.boundingBox();
    const clip = { ...box, height: Math.min(height, box.height) };
    await this.page.screenshot({ path: path.join(this.#screens, '..', 'pictures', `${name}.png`), clip });
  }

  /** Closes all editors and notices; what was typed is saved by VS Code itself before. */
  async tidy() {
    await this.page.locator('.tab.dirty').first().waitFor({ state: 'detached' });
    await this.command('View: Close All Editors');
    await this.command('Notifications: Clear All Notifications');
    await this.page.locator('.tab').first().waitFor({ state: 'detached' });
  }

  /** What asks, tells or is open, a line each. */
  async shown() {
    const parts = {
      question: '.quick-input-widget',
      dialog: '.monaco-dialog-box',
      notice: '.notification-toast',
      menu: '.monaco-menu',
      editor: '.tabs-container .tab',
      view: '.pane-body .monaco-list-row',
      status: '.statusbar-item',
    };
    const lines = Object.entries(parts).map(async ([part, selector]) => {
      const texts = await this.page.locator(selector).filter({ visible: true }).allInnerTexts();
      return texts.map((text) => `  ${part}: ${text.replaceAll(/\s+/g, ' ')}`);
    });
    const focused = await this.page.evaluate('document.activeElement?.outerHTML.slice(0, 200)');
    return [...(await Promise.all(lines)).flat(), `  focus: ${focused}`].join('\n');
  }

  /** Keeps a picture of the window under its place in the story. */
  async shot(name) {
    const number = String(++this.#shots).padStart(2, '0');
    await this.page.screenshot({ path: path.join(this.#screens, `${number}-${name}.png`) });
  }
}

/** Waits until `look` gives something that is wanted; gives it. */
export async function until(look, isWanted, what) {
  let last;
  for (const end = Date.now() + patience; Date.now() < end;) {
    last = await look();
    if (isWanted(last)) return last;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: still ${JSON.stringify(last)} after ${patience / 1000} s`);
}

/** Does what a person does when a window does not react: once more, until it works. */
export async function persist(what, attempt) {
  let reason;
  for (const end = Date.now() + patience; Date.now() < end;) {
    try {
      return await attempt();
    } catch (error) {
      // A mistake in the story itself does not pass by waiting.
      if (error instanceof TypeError || error instanceof ReferenceError) throw error;
      reason = error;
    }
  }
  throw new Error(`${what}: not in ${patience / 1000} s`, { cause: reason });
}
