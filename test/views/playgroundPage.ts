import path from 'node:path';
import { readAdapterFacts } from '../../src/host/adapters/adapterFacts';
import { startEngine } from '../../src/host/engine/engineClient';
import { systemClock } from '../../src/host/views/coalesce';
import { PlaygroundEngine } from '../../src/host/views/playground/playgroundEngine';
import { PlaygroundFeed } from '../../src/host/views/playground/playgroundFeed';
import type { PlaygroundHost } from '../../src/host/views/playground/playgroundFeed';
import { PromptSet } from '../../src/host/views/playground/promptSet';
import type { OpenPlaygroundParams } from '../../src/run/playground';
import { readFromPlayground } from '../../src/run/playgroundProtocol';
import type { OpenPage, PageFeed, PageOptions, Pages } from './browserPage';

/** What the test has in place of VS Code. */
export interface Desk {
  isTrusted: boolean;
  /** Adapters of the workspace. */
  adapters: readonly string[];
  readonly promptFile: string | null;
}

export interface PlaygroundPageFeed extends PageFeed {
  readonly feed: PlaygroundFeed;
}

export type OpenPlaygroundPage = OpenPage<PlaygroundPageFeed> & { readonly desk: Desk };

/** A playground in the browser with a real engine process behind it. */
export async function openPlaygroundPage(
  pages: Pages,
  start: OpenPlaygroundParams,
  options: Partial<PageOptions & Desk> = {},
): Promise<OpenPlaygroundPage> {
  const { isTrusted = true, adapters = [], promptFile = null } = options;
  const desk: Desk = { isTrusted, adapters, promptFile };
  const opened = await pages.open('playground', (post) => feedFor(start, desk, post), {
    awaits: '.column',
    asText: true,
    ...options,
  });
  return Object.assign(opened, { desk });
}

function feedFor(
  start: OpenPlaygroundParams,
  desk: Desk,
  post: (message: { readonly type: string }) => void,
): PlaygroundPageFeed {
  const begin = (): ReturnType<ConstructorParameters<typeof PlaygroundEngine>[0]> =>
    Promise.resolve(startEngine({ engineFile: path.resolve('dist/engine.js'), log: () => undefined }));
  const engine = new PlaygroundEngine(begin, systemClock, () => feed.freed());
  const prompts = new PromptSet(desk.promptFile);
  const host: PlaygroundHost = {
    isTrusted: () => desk.isTrusted,
    manageTrust: () => undefined,
    adapters: () => Promise.resolve(desk.adapters),
    facts: readAdapterFacts,
    shown: (file) => path.basename(file),
    chooseBase: () => Promise.resolve(undefined),
    chooseAdapter: () => Promise.resolve(undefined),
    readPrompts: () => prompts.read(),
    writePrompts: (texts) => prompts.write(texts),
    openPrompts: () => undefined,
    opened: () => undefined,
  };
  const feed = new PlaygroundFeed(start, engine, host, post, systemClock);
  return {
    feed,
    receive: (value) => {
      const message = readFromPlayground(value);
      if (message !== undefined) void feed.receive(message);
    },
    hidden: () => feed.hidden(),
    dispose: () => {
      feed.dispose();
      engine.dispose();
    },
  };
}
