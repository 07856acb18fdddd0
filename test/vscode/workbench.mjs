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
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first();
    await until(
      async () => {
        // An open list does not grow by what becomes available meanwhile.
        await this.page.keyboard.press('Escape');
        await this.palette(`>${title}`);
        return row.waitFor({ timeout: 3000 }).then(
          () => true,
          () => false,
        );
      },
      Boolean,
      `the palette offers "${title}"`,
    );
    await row.click();
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
    await this.page.keyboard.press('F1');
    await input.waitFor({ state: 'visible' });
    await input.fill(text);
  }

  /** A file or, after `>`, a command, with the keyboard alone: what is typed leads to the first entry. */
  async chooseByKeys(text) {
    const { keyboard } = this.page;
    const first = this.page.locator('.quick-input-list .monaco-list-row.focused');
    const wanted = text.replace(/^>/, '');
    await until(
      async () => {
        await keyboard.press('Escape');
        await keyboard.press('F1');
        await this.page.locator('.quick-input-widget input').first().waitFor({ state: 'visible' });
        await keyboard.press('Control+A');
        await keyboard.type(text);
        const isThere = first.filter({ hasText: wanted }).waitFor({ timeout: 10_000 });
        return isThere.then(
          () => true,
          () => false,
        );
      },
      Boolean,
      `typing "${text}" leads to it`,
    );
    await keyboard.press('Enter');
  }

  /** Opens a file of the workspace. */
  async openFile(name) {
    await this.palette(name);
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: name }).first();
    await row.waitFor();
    await row.click();
    await this.page.locator('.tab', { hasText: name }).first().waitFor();
    await this.page.locator('.monaco-editor .view-line').first().waitFor();
  }

  /** A word in the editor's text. */
  word(text) {
    return this.page.locator('.monaco-editor .view-line span span').filter({ hasText: text }).first();
  }

  async clickWord(text) {
    await this.word(text).click();
  }

  async hover(text) {
    await this.word(text).hover();
  }

  /** Picks an entry of the list or answers the question that is open. */
  async pick(text) {
    // What the pointer rests on shows a hover, which would cover other entries.
    await this.page.mouse.move(0, 0);
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first().click();
  }

  /** An entry of the list that is open. */
  entry(text) {
    return this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
  }

  /** Types into the list that is open. */
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

  async press(toast, button) {
    await toast.locator('.monaco-button, .monaco-text-button', { hasText: button }).first().click();
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
