import type * as vscode from 'vscode';
import type { EngineClient } from '../engine/engineClient';
import type { HubToken } from '../models/hubToken';
import type { Job } from '../runs/job';
import type { RunService } from '../runs/runService';
import type { RunNotices } from '../status/runNotices';
import type { Serving } from '../serving/serving';
import type { Sidebar } from '../trees/sidebar';
import type { Dashboards } from '../views/dashboard';
import type { Playgrounds } from '../views/playground/playgrounds';
import type { Previews } from '../views/preview/previews';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import type { CommandHandler, CommandName } from './commandIds';

/** What commands work with. */
export interface Parts {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly files: WorkspaceFiles;
  readonly service: RunService;
  readonly notices: RunNotices;
  readonly sidebar: Sidebar;
  readonly hubToken: HubToken;
  startEngine(): Promise<EngineClient>;
  dashboards(): Promise<Dashboards>;
  previews(): Promise<Previews>;
  serving(): Promise<Serving>;
  playgrounds(): Promise<Playgrounds>;
  opensDashboard(): boolean;
}

/** Every command; the code behind it is loaded when it is first used. */
export function handlers(parts: Parts): Readonly<Record<CommandName, CommandHandler>> {
  return { ...trainingHandlers(parts), ...modelHandlers(parts), ...servingHandlers(parts), ...fileHandlers(parts) };
}

type Handlers<Name extends CommandName> = Readonly<Record<Name, CommandHandler>>;

function trainingHandlers(
  parts: Parts,
): Handlers<'trainAdapter' | 'stopTraining' | 'pauseTraining' | 'resumeTraining' | 'openDashboard'> {
  const { files, service, notices } = parts;
  const training = () => import('./trainingCommands');
  return {
    trainAdapter: async (target) => {
      if (!(await notices.askForTrust())) return;
      const job = await (await training()).trainAdapter(target, files, service);
      if (job !== undefined && parts.opensDashboard()) openWhenBegun(job, parts);
    },
    stopTraining: async (target) => {
      const { jobFor } = await training();
      const job = await jobFor(target, service, 'Stop Training', ({ phase }) => phase !== 'stopping');
      if (job !== undefined) await service.cancel(job);
    },
    pauseTraining: async (target) => {
      const { jobFor } = await training();
      const job = await jobFor(target, service, 'Pause Training', ({ phase }) => phase === 'running');
      if (typeof job?.folder === 'string') service.pause(job.folder);
    },
    resumeTraining: async (target) => {
      if (!(await notices.askForTrust())) return;
      const folder = await (await training()).folderToResume(target, service);
      if (folder === undefined) return;
      // A paused run goes on where it is; one from disk begins anew, and is shown as any run that begins.
      const isPaused = service.jobOf(folder) !== undefined;
      service.resume(folder);
      if (!isPaused && parts.opensDashboard()) (await parts.dashboards()).open(folder);
    },
    openDashboard: async (target) => {
      const folder = await (await training()).folderToShow(target, service);
      if (folder !== undefined) (await parts.dashboards()).open(folder);
    },
  };
}

function modelHandlers(
  parts: Parts,
): Handlers<
  | 'newRecipe'
  | 'previewData'
  | 'openPlayground'
  | 'compareAdapters'
  | 'downloadBaseModel'
  | 'setHubToken'
  | 'selectDevice'
  | 'setUpCuda'
  | 'setUpTensorFlow'
> {
  const { files, hubToken, notices } = parts;
  const startEngine = (): Promise<EngineClient> => parts.startEngine();
  return {
    newRecipe: async (target) => (await import('./newRecipe')).newRecipe({ files, startEngine }, target),
    previewData: async (target, row) => {
      const recipe = await (await import('./recipeCommands')).recipeFor(target, files, 'Preview Data');
      const shown = Number.isSafeInteger(row) ? (row as number) : undefined;
      if (recipe !== undefined) (await parts.previews()).open(recipe, shown);
    },
    openPlayground: async (target) => {
      const { openPlayground } = await import('./playgroundCommands');
      await openPlayground(target, files, await parts.playgrounds());
    },
    compareAdapters: async (target, selected) => {
      const { compareAdapters } = await import('./playgroundCommands');
      await compareAdapters(target, selected, files, await parts.playgrounds());
    },
    downloadBaseModel: async (target) => {
      const { downloadBaseModel } = await import('../models/downloadBaseModel');
      return downloadBaseModel({ startEngine, token: hubToken }, target);
    },
    setHubToken: () => hubToken.ask(),
    selectDevice: async (target) => {
      if (!(await notices.askForTrust())) return undefined;
      return (await import('../devices/selectDevice')).selectDevice({ files, startEngine }, target);
    },
    setUpCuda: async () => {
      if (!(await notices.askForTrust())) return undefined;
      return (await import('../cuda/setUpCuda')).setUpCuda(startEngine);
    },
    setUpTensorFlow: async () => {
      if (!(await notices.askForTrust())) return undefined;
      return (await import('../tensorflow/setUpTensorFlow')).setUpTensorFlow(startEngine);
    },
  };
}

function servingHandlers(parts: Parts): Handlers<'serveAdapters' | 'stopServing' | 'manageServer'> {
  return {
    serveAdapters: async (target, selected) => {
      if (!(await parts.notices.askForTrust('served'))) return undefined;
      const [{ targetPath }, { selectedAdapters }] = await Promise.all([
        import('./targetPath'),
        import('./selectedAdapters'),
      ]);
      return (await parts.serving()).serve(selectedAdapters(target, selected, targetPath));
    },
    stopServing: async () => (await parts.serving()).stop(),
    manageServer: async () => (await parts.serving()).manage(),
  };
}

type Others =
  | keyof ReturnType<typeof trainingHandlers>
  | keyof ReturnType<typeof modelHandlers>
  | keyof ReturnType<typeof servingHandlers>;

function fileHandlers(parts: Parts): Handlers<Exclude<CommandName, Others>> {
  const { context, log, files, service, notices, sidebar } = parts;
  /** The adapter that something is to be made of, where the workspace is trusted. */
  const trustedAdapter = async (target: unknown, title: string, done: string): Promise<string | undefined> =>
    (await notices.askForTrust(done))
      ? (await import('./adapterCommands')).adapterFor(target, files, title)
      : undefined;
  return {
    createExample: async () => (await import('./example')).createExample(context),
    showAdapter: async (target) => {
      const folder = await (await import('./adapterCommands')).adapterFor(target, files, 'Show Adapter');
      if (folder === undefined) return;
      const [{ showAdapter }, dashboards] = await Promise.all([import('../adapters/showAdapter'), parts.dashboards()]);
      await showAdapter(folder, service, { openDashboard: (run, part) => dashboards.open(run, part) });
    },
    evaluateAdapter: async (target) => {
      const adapter = await trustedAdapter(target, 'Evaluate Adapter', 'evaluated');
      if (adapter === undefined) return undefined;
      return (await import('../adapters/evaluateAdapter')).evaluateAdapter(adapter, files, () => parts.startEngine());
    },
    mergeIntoBaseModel: async (target) => {
      const adapter = await trustedAdapter(target, 'Merge into Base Model', 'merged');
      if (adapter === undefined) return undefined;
      return (await import('../adapters/mergeAdapter')).mergeAdapter(adapter, () => parts.startEngine());
    },
    exportAdapter: async (target) => {
      const adapter = await trustedAdapter(target, 'Export Adapter', 'exported');
      if (adapter === undefined) return undefined;
      return (await import('../adapters/exportAdapter')).exportAdapter(adapter, () => parts.startEngine());
    },
    publishAdapter: async (target) => {
      const adapter = await trustedAdapter(target, 'Publish to Hub', 'published');
      if (adapter === undefined) return undefined;
      const { publishAdapter } = await import('../adapters/publishAdapter');
      return publishAdapter(adapter, { startEngine: () => parts.startEngine(), token: parts.hubToken });
    },
    revealAdapter: async (target) => (await import('./adapterCommands')).revealAdapterOf(target, service, sidebar),
    rename: async (target) => (await import('./fileCommands')).renameAdapter(target),
    delete: async (target) => (await import('./fileCommands')).deleteFolder(target),
    convertToRecipe: async (target) => (await import('./convertCommand')).convertFile(target, log),
    revealInExplorer: async (target) => (await import('./fileCommands')).revealInExplorer(target),
    showEngineLog: () => {
      log.show(true);
      return Promise.resolve();
    },
  };
}

/** A run has no folder, and nothing to be shown, before its model and data were looked at. */
function openWhenBegun(job: Job, parts: Parts): void {
  const subscription = parts.service.onDidChangeJob((changed) => {
    if (changed !== job || (job.folder === null && job.phase !== 'over')) return;
    subscription.dispose();
    const { folder } = job;
    if (folder !== null) void parts.dashboards().then((opened) => opened.open(folder));
  });
}
