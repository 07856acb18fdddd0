import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startEngine } from '../../src/host/engine/engineClient';
import { systemClock } from '../../src/host/views/coalesce';
import { PreviewEngine } from '../../src/host/views/preview/previewEngine';
import { PreviewFeed } from '../../src/host/views/preview/previewFeed';
import type { FilePlace } from '../../src/host/views/preview/previewProblem';
import { readFromPreview } from '../../src/run/previewProtocol';
import type { OpenPage, PageFeed, PageOptions, Pages } from './browserPage';

/** What the test has in place of VS Code. */
export interface Desk {
  /** The recipe's unsaved text. */
  text: string | null;
  isTrusted: boolean;
  /** Files that were opened. */
  readonly opened: FilePlace[];
  /** Files that are watched, the latest last. */
  readonly watched: string[];
}

export interface PreviewPageFeed extends PageFeed {
  readonly feed: PreviewFeed;
}

export type OpenPreviewPage = OpenPage<PreviewPageFeed> & { readonly desk: Desk };

/** A preview in the browser with a real engine process behind it. */
export async function openPreviewPage(
  pages: Pages,
  recipe: string,
  options: Partial<PageOptions & Pick<Desk, 'isTrusted'>> = {},
): Promise<OpenPreviewPage> {
  const desk: Desk = { text: null, isTrusted: options.isTrusted ?? true, opened: [], watched: [] };
  const opened = await pages.open('preview', (post) => feedFor(recipe, desk, post), {
    awaits: 'article',
    asText: true,
    ...options,
  });
  return Object.assign(opened, { desk });
}

function feedFor(recipe: string, desk: Desk, post: (message: { readonly type: string }) => void): PreviewPageFeed {
  const start = (): ReturnType<ConstructorParameters<typeof PreviewEngine>[0]> =>
    Promise.resolve(startEngine({ engineFile: path.resolve('dist/engine.js'), log: () => undefined }));
  const engine = new PreviewEngine(start, systemClock);
  const host = {
    shownRecipe: path.basename(recipe),
    changedText: () => desk.text,
    readRecipe: () => Promise.resolve(desk.text ?? readFileSync(recipe, 'utf8')),
    isTrusted: () => desk.isTrusted,
    manageTrust: () => undefined,
    open: (place: FilePlace) => Promise.resolve(void desk.opened.push(place)),
    watchDataset: (file: string) => void desk.watched.push(file),
  };
  const feed = new PreviewFeed(recipe, engine, host, post);
  return {
    feed,
    receive: (value) => {
      const message = readFromPreview(value);
      if (message !== undefined) void feed.receive(message);
    },
    hidden: () => feed.hidden(),
    dispose: () => {
      feed.dispose();
      engine.dispose();
    },
  };
}
