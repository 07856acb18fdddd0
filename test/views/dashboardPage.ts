import { systemClock } from '../../src/host/views/coalesce';
import { DashboardFeed } from '../../src/host/views/dashboardFeed';
import { readFromDashboard } from '../../src/run/viewProtocol';
import type { MemorySource } from '../unit/views/memorySource';
import type { OpenPage, PageFeed, PageOptions, Pages } from './browserPage';

interface DashboardPageFeed extends PageFeed {
  readonly feed: DashboardFeed;
}

/** A dashboard in the browser, what it saved, and the adapters that it asked to show. */
export type OpenDashboard = OpenPage<DashboardPageFeed> & {
  readonly saved: ReadonlyMap<string, Uint8Array>;
  readonly shown: readonly string[];
};

export async function openDashboard(
  pages: Pages,
  source: MemorySource,
  folder: string,
  options: Partial<PageOptions> = {},
): Promise<OpenDashboard> {
  const saved = new Map<string, Uint8Array>();
  const shown: string[] = [];
  const opened = await pages.open(
    'dashboard',
    (post): DashboardPageFeed => {
      const feed = new DashboardFeed(folder, source, post, systemClock, {
        save: (name, content) => Promise.resolve(void saved.set(name, content)),
        showAdapter: (adapter) => Promise.resolve(void shown.push(adapter)),
        named: () => undefined,
      });
      return {
        feed,
        receive: (value) => {
          const message = readFromDashboard(value);
          if (message !== undefined) void feed.receive(message);
        },
        hidden: () => feed.hidden(),
        dispose: () => feed.dispose(),
      };
    },
    { awaits: 'header h1', ...options },
  );
  return Object.assign(opened, { saved, shown });
}
