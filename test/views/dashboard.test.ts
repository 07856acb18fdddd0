import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { formatNumber } from '../../src/run/format';
import type { TrainingEvent } from '../../src/run/trainingEvent';
import { Pages, flaws, poll, withoutBrowser } from './browserPage';
import type { OpenPage } from './browserPage';
import { openDashboard } from './dashboardPage';
import { plan, started, step } from '../unit/views/events';
import { MemorySource } from '../unit/views/memorySource';
import { themes } from './themes';
import type { ThemeName } from './themes';
import { trainNumbers } from './trainedRun';

const folder = '/w/.lora/runs/count-by-ten';
const other = '/w/.lora/runs/earlier';
const screens = '.tsbuild/screens';

describe('the dashboard in a browser', { skip: withoutBrowser }, () => {
  let pages: Pages;
  let trained: readonly TrainingEvent[];
  let slower: readonly TrainingEvent[];

  before(async () => {
    mkdirSync(screens, { recursive: true });
    trained = trainNumbers();
    slower = trainNumbers('training.learning_rate=3e-3', 'training.max_steps=120');
    pages = await Pages.start();
  });
  after(() => pages.stop());

  const untilStep = (last: number): readonly TrainingEvent[] =>
    trained.slice(0, trained.findIndex((event) => event.type === 'step' && event.step === last) + 1);
  const finishedRun = (): MemorySource => {
    const source = new MemorySource();
    source.store(folder, trained);
    source.store(other, slower);
    return source;
  };
  const liveRun = (last: number): MemorySource => {
    const source = new MemorySource();
    source.happen(folder, untilStep(last));
    return source;
  };
  const losses = trainedLosses(() => trained);

  for (const theme of Object.keys(themes) as ThemeName[]) {
    test(`has no flaw that axe finds, and none against its policy, in ${theme}`, async () => {
      const opened = await openDashboard(pages, finishedRun(), folder, { theme });
      const { page } = opened;
      await page.locator('.card details summary').first().click();
      await page.locator('details.card > summary').click();
      await page.locator('#compare option').nth(1).waitFor({ state: 'attached' });
      await page.selectOption('#compare', other);
      await page.locator('.swatch-overlay').waitFor();
      await opened.settled();
      assert.deepEqual(await flaws(opened), []);
      assert.deepEqual(await opened.violations(), []);
      await page.screenshot({ path: `${screens}/dashboard-${theme}.png`, fullPage: true });
      await opened.close();
    });
  }

  test('shows a live run as it goes, in a narrow column too', async () => {
    const source = liveRun(40);
    const opened = await openDashboard(pages, source, folder, { width: 520 });
    const { page } = opened;
    source.happen(folder, untilStep(85).slice(untilStep(40).length));
    await page.getByText('85 of 150').waitFor();
    assert.equal(await page.getByRole('status').first().textContent(), 'Training');
    assert.deepEqual(await flaws(opened), []);
    await page.screenshot({ path: `${screens}/dashboard-narrow.png`, fullPage: true });
    const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    assert.equal(wider, 0, 'the page scrolls sideways');
    await opened.close();
  });

  test('draws all points when the page gets its width late', async () => {
    const events: TrainingEvent[] = [{ type: 'plan', ...plan }, started(folder, 3000)];
    for (let at = 1; at <= 3000; at++) events.push({ ...step(at), loss: 2 + Math.sin(at * at) });
    const openAt = async (width: number): Promise<OpenPage> => {
      const source = new MemorySource();
      source.happen(folder, events);
      const opened = await openDashboard(pages, source, folder, { width });
      await opened.page.getByText('3,000 of 3,000').waitFor();
      return opened;
    };
    const lossChart = ({ page }: OpenPage): Promise<Buffer> => page.locator('.plot-loss canvas').screenshot();
    const wide = await openAt(900);
    const wanted = await lossChart(wide);
    const narrow = await openAt(40);
    await narrow.page.setViewportSize(wide.page.viewportSize()!);
    for (const end = Date.now() + 20_000; !(await lossChart(narrow)).equals(wanted);) {
      assert.ok(Date.now() < end, 'it is drawn as in a page that was wide from the start');
    }
    await wide.close();
    await narrow.close();
  });

  test('loses no point while it is hidden, again and again', async () => {
    const source = liveRun(1);
    const opened = await openDashboard(pages, source, folder);
    const rest = trained.slice(untilStep(1).length);
    for (let at = 0; at < rest.length; at += 20) {
      const round = (at / 20) % 3;
      source.happen(folder, rest.slice(at, at + 10));
      if (round === 1) await opened.hide();
      source.happen(folder, rest.slice(at + 10, at + 20));
      if (round === 1) await opened.show();
    }
    await opened.page.getByText('150 of 150').waitFor();
    assert.deepEqual(await lossesOnPage(opened), losses());
    await opened.close();
  });

  test('gets at most ten batches a second', async () => {
    const source = liveRun(1);
    const opened = await openDashboard(pages, source, folder);
    for (const event of untilStep(150).slice(untilStep(1).length)) {
      source.happen(folder, [event]);
      await new Promise((done) => setImmediate(done));
    }
    await opened.page.getByText('150 of 150').waitFor();
    const appends = opened.posts.filter(({ type }) => type === 'append').map(({ at }) => at);
    assert.ok(appends.every((at, index) => index === 0 || at - appends[index - 1]! >= 99));
    await opened.close();
  });

  test('has the buttons that the status allows, and they ask the extension', async () => {
    const source = liveRun(10);
    const opened = await openDashboard(pages, source, folder);
    const { page } = opened;
    const named = (name: string): ReturnType<typeof page.getByRole> => page.getByRole('button', { name, exact: true });
    await named('Pause').click();
    await named('Pausing…').waitFor();
    await named('Stop').click({ force: true });
    source.happen(folder, [{ type: 'paused', step: 10 }]);
    await named('Resume').click();
    source.happen(folder, [{ ...step(11), type: 'step' }]);
    await named('Stop').click();
    source.happen(folder, [{ type: 'cancelled', step: 11, checkpoint: '/c' }]);
    await named('Resume').waitFor();
    assert.equal(await named('Stop').count(), 0);
    assert.deepEqual(source.asked, [`pause ${folder}`, `resume ${folder}`, `stop ${folder}`]);
    await opened.close();
  });

  test('is used with the keyboard alone, in the order of the page', async () => {
    const opened = await openDashboard(pages, liveRun(100), folder);
    const { page } = opened;
    await page.getByText('100 of 150').waitFor();
    const order: string[] = [];
    for (let presses = 0; presses < 16; presses++) {
      await page.keyboard.press('Tab');
      order.push(await page.evaluate<string>(focusedName));
    }
    assert.deepEqual(order.slice(0, 13), [
      'Pause',
      'Stop',
      'Zoom in',
      'Zoom out',
      'Show earlier steps',
      'Show later steps',
      'All',
      'smoothing',
      'log-scale',
      'compare',
      'Export PNG',
      'Export CSV',
      'Loss chart',
    ]);
    await page.locator('.plot-loss').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.getByText(/^Step 2 · loss/).waitFor();
    assert.match((await page.locator('.plot-loss').getAttribute('aria-valuetext'))!, /^Step 2 · loss/);
    await page.keyboard.press('+');
    await page.locator('button:text("All"):not([aria-disabled])').waitFor();
    await page.keyboard.press('0');
    await page.locator('button:text("All")[aria-disabled]').waitFor();
    await opened.close();
  });

  test('zooms with the wheel once the chart was clicked, and shows values under the pointer', async () => {
    const opened = await openDashboard(pages, liveRun(150), folder);
    const { page } = opened;
    const chart = page.locator('.plot-loss');
    await page.getByText('150 of 150').waitFor();
    await chart.click();
    await page.mouse.wheel(0, -400);
    await page.locator('button:text("All"):not([aria-disabled])').waitFor();
    await chart.hover({ position: { x: 400, y: 100 } });
    assert.match((await page.locator('.readout').textContent())!, /^Step \d+ · loss .* · smoothed /);
    await opened.close();
  });

  test('remembers its run, its second run and its settings', async () => {
    const source = finishedRun();
    const memory = { folder, overlay: other, logScale: true, smoothing: 50 };
    const opened = await openDashboard(pages, source, folder, { memory });
    await opened.page.locator('.swatch-overlay').waitFor();
    assert.equal(await opened.page.locator('#log-scale').isChecked(), true);
    await opened.settled();
    await opened.page.screenshot({ path: `${screens}/dashboard-log.png` });
    await opened.page.locator('#log-scale').uncheck();
    await opened.settled();
    assert.deepEqual(opened.memory, { ...memory, logScale: false });
    await opened.close();
  });

  test('exports its charts as a picture and its numbers as a table', async () => {
    const opened = await openDashboard(pages, liveRun(150), folder);
    const { page } = opened;
    await page.getByText('150 of 150').waitFor();
    await page.getByRole('button', { name: 'Export CSV' }).click();
    await page.getByRole('button', { name: 'Export PNG' }).click();
    await poll(() => opened.saved.size === 2);
    const png = Buffer.from(opened.saved.get('count-by-ten.png')!);
    assert.equal(png.toString('latin1', 1, 4), 'PNG');
    assert.ok(png.readUInt32BE(16) > 800 && png.readUInt32BE(20) > 600);
    assert.equal(Buffer.from(opened.saved.get('count-by-ten.csv')!).toString().trimEnd().split('\n').length, 151);
    assert.deepEqual(await opened.violations(), []);
    await opened.close();
  });

  test('shows what the adapter changed: texts side by side, numbers, proof, and the way to it', async () => {
    const opened = await openDashboard(pages, finishedRun(), folder);
    const { page } = opened;
    const card = page.locator('section', { has: page.locator('#changes-title') });
    await page.getByRole('heading', { name: 'What the adapter changed' }).waitFor();
    const [before, after] = await card.locator('.compared').first().locator('blockquote').allTextContents();
    assert.match(before!, /^9, 10, 11, 12/);
    // This run never saw the row of 9: it counts in tens, if from another number.
    assert.match(after!, /^9, (\d)(\d)(, \d\2){5}/);
    assert.match((await card.textContent())!, /All 14 trained layers are different now\..*a (clear|strong) change/);
    assert.equal(await card.locator('tbody tr').count(), 2);
    await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
    opened.feed.feed.reveal('changes');
    await page.locator('#changes-title:focus').waitFor();
    assert.ok((await page.evaluate<number>('window.scrollY')) < 400);
    await card.getByRole('button', { name: 'Show in Adapters' }).click();
    const finished = trained.findLast((event) => event.type === 'finished');
    await poll(() => opened.shown.length > 0);
    assert.deepEqual(opened.shown, [finished?.adapter]);
    await opened.close();
  });

  test('says in words what is wrong', async () => {
    const opened = await openDashboard(pages, new MemorySource(), folder, { awaits: '[role=alert]' });
    assert.equal(await opened.page.getByRole('alert').textContent(), 'This run is gone.');
    assert.deepEqual(await flaws(opened), []);
    await opened.close();
  });

  test('draws and zooms 100,000 points', async (t) => {
    const source = new MemorySource();
    const many = Array.from({ length: 100_000 }, (_, at) => step(at + 1));
    source.happen(folder, [{ type: 'plan', ...plan }, started(folder, 100_000), ...many]);
    const opened = await openDashboard(pages, source, folder);
    await opened.page.getByText('100,000 of 100,000').waitFor();
    await opened.page.locator('.plot-loss').focus();
    const frames = await opened.page.evaluate<number[]>(framesWhileZooming);
    frames.sort((a, b) => a - b);
    const at = (share: number): string => `${frames[Math.floor(share * (frames.length - 1))]!.toFixed(1)} ms`;
    t.diagnostic(`frame time with 100,000 points: median ${at(0.5)}, 95 % ${at(0.95)}, longest ${at(1)}`);
    await opened.page.screenshot({ path: `${screens}/dashboard-100000.png`, fullPage: true });
    // How smooth that is depends on the machine, so it is told and not judged; that every frame came is judged.
    assert.ok(frames.length > 0 && frames.every((time) => time > 0));
    await opened.close();
  });
});

function trainedLosses(events: () => readonly TrainingEvent[]): () => readonly string[] {
  return () =>
    events().flatMap((event) => (event.type === 'step' ? [`${event.step} ${formatNumber(event.loss)}`] : []));
}

/** Steps and losses from the page's own table, page by page. */
async function lossesOnPage({ page }: OpenPage): Promise<readonly string[]> {
  await page.locator('details.card > summary').click();
  await page.getByRole('button', { name: 'First' }).click();
  const found: string[] = [];
  for (;;) {
    const [, at, of] = /Page (\d+) of (\d+)/.exec((await page.locator('.pager [role=status]').textContent())!)!;
    for (const row of await page.locator('details.card tbody tr').all()) {
      const cells = await row.locator('th, td').allTextContents();
      found.push(`${cells[0]!} ${cells[2]!}`);
    }
    if (at === of) return found;
    await page.getByRole('button', { name: 'Next' }).click();
  }
}

const focusedName = `(() => {
  const at = document.activeElement;
  return at.id || (at.getAttribute('aria-label') ?? at.textContent).split('.')[0];
})()`;

/** Zooms in and out, a key a frame, and measures from frame to frame. */
const framesWhileZooming = `(async () => {
  const chart = document.querySelector('.plot-loss');
  const times = [];
  let last;
  for (let at = 0; at < 120; at++) {
    const key = at % 40 < 20 ? '+' : '-';
    chart.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    const now = await new Promise((done) => requestAnimationFrame(done));
    if (last !== undefined) times.push(now - last);
    last = now;
  }
  return times;
})()`;
