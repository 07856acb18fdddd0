// The suite inside the extension host as a story: it needs a server that is driven by its page.
import { buildSuite, fillSuiteFolder } from './suite.mjs';

/** How long the suite may take, in milliseconds. */
const patience = 300_000;

export const hostSuite = {
  name: 'the suite inside the extension host',
  async act(bench, screens, lane) {
    const suite = await buildSuite();
    // Its server shows no notifications, which other stories need.
    const server = await bench.ownServer({ trusted: true, isDriven: true });
    const folder = bench.folder();
    fillSuiteFolder(folder);
    const { page, close } = await bench.window(server, folder, screens, lane);
    try {
      const code = await outcome(page, server.suiteUrl(folder, suite));
      if (code !== 0) throw new Error(`The suite ended with ${code}`);
    } finally {
      await close();
      server.stop();
    }
  },
};

/** The suite's exit code; what its tests say is printed. */
async function outcome(page, url) {
  let timer;
  const ended = new Promise((resolve) => {
    timer = setTimeout(() => resolve(`no end within ${patience / 1000} s`), patience);
    void page.exposeFunction('codeAutomationLog', (type, parts) => {
      const text = parts.join(' ');
      // VS Code tells of itself here, too: what it cannot do in a browser, and stacks of its own.
      if (type === 'info' && text.startsWith('  ')) console.log(text);
    });
    void page.exposeFunction('codeAutomationExit', resolve);
  });
  await page.goto(url);
  return ended.finally(() => clearTimeout(timer));
}
