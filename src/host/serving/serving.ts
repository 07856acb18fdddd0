import path from 'node:path';
import * as vscode from 'vscode';
import { Failure } from '../../failure/failure';
import type { AdapterProblem, DescribedAdapter } from '../../run/adapterBases';
import { withBaseModel } from '../adapters/withBaseModel';
import { commandIds } from '../commands/commandIds';
import { inEditorWords, wordsOf } from '../engine/editorWords';
import type { EngineClient } from '../engine/engineClient';
import type { Disposable } from '../signal';
import { AdapterServer, type ServedBase } from './adapterServer';
import { chooseAdapters, chooseFamily } from './chooseAdapters';
import { families } from './families';
import { fittingTo, servedTogether, type Fitting } from './fitting';
import { showServerMenu } from './serverMenu';
import { ServingStatus } from './servingStatus';
import { modelNames } from './servingText';
import { signalOf } from '../signalOf';

export interface ServingOptions {
  startEngine(): Promise<EngineClient>;
  /** Absolute paths of the workspace's adapter folders. */
  adapters(): Thenable<readonly string[]>;
  /** 0: any that is free. */
  port(): number;
  readonly log: (line: string) => void;
}

/** The server of adapters that a window has, or has not. */
export class Serving implements Disposable {
  readonly #options: ServingOptions;
  readonly #status = new ServingStatus();
  #server: AdapterServer | undefined;
  /** The last Serve Adapters that is not over: an earlier one may still wait for an answer to what it said. */
  #asking: symbol | undefined;
  #isStarting = false;
  #isClosed = false;

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  /** Serve Adapters: those that are named, else those that the user chooses. Gives the address, where there is one. */
  async serve(adapters: readonly string[]): Promise<string | undefined> {
    const server = this.#server;
    if (server !== undefined) {
      if (adapters.length === 0) await this.manage();
      else await this.#addNamed(server, adapters);
      return this.#server?.facts.url;
    }
    if (this.#isStarting) {
      void vscode.window.showInformationMessage('A server is being started: serve further adapters once it is there.');
      return undefined;
    }
    // A question of an earlier one that is still open is not answered any more.
    const asking = (this.#asking = Symbol('asking'));
    return this.#startChosen(await this.#options.startEngine(), adapters, asking);
  }

  /** Stop Serving. */
  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  /** What the status bar's click offers. */
  async manage(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await showServerMenu(server, {
      add: () => this.#add(server),
      remove: () => this.#remove(server),
      stop: () => this.stop(),
    });
  }

  /** The window is about to close. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.stop();
  }

  dispose(): void {
    void this.close();
    this.#status.dispose();
  }

  async #startChosen(engine: EngineClient, adapters: readonly string[], asking: symbol): Promise<string | undefined> {
    try {
      const chosen = await this.#choose(engine, adapters);
      const server =
        chosen === undefined
          ? undefined
          : await withBaseModel('Serve with This Model', (named) => {
              if (this.#asking === asking && !this.#isStarting && this.#server === undefined) {
                return this.#start(engine, chosen, named);
              }
              const text = 'Serve Adapters was asked for anew meanwhile: that one counts.';
              if (named !== null) void vscode.window.showInformationMessage(text);
              return Promise.resolve(undefined);
            });
      if (server === undefined) {
        await engine.dispose();
        return undefined;
      }
      void this.#tellServed(server);
      return server.facts.url;
    } catch (error) {
      void engine.dispose();
      throw error;
    }
  }

  /** Adapters of one base model; what is wrong with a single one is said when it is started. */
  async #choose(engine: EngineClient, adapters: readonly string[]): Promise<readonly DescribedAdapter[] | undefined> {
    if (adapters.length > 1) return this.#chooseOf(await engine.texts.describeAdapters(adapters));
    const [adapter] = adapters;
    const described = await this.#described(engine, adapter);
    const named = described.find(({ folder }) => folder === adapter);
    if (named?.base === null) return [named];
    const found = families(described);
    if (named === undefined && found.length === 0) {
      const [first] = described;
      if (first !== undefined) return [first];
      void vscode.window.showInformationMessage('There is no adapter in this workspace yet: Train Adapter makes one.');
      return undefined;
    }
    const family = await chooseFamily(
      named?.base == null ? found : found.filter(({ base }) => base.path === named.base?.path),
    );
    if (family === undefined) return undefined;
    const title = `Serve Adapters of ${family.base.name}`;
    const folders = await chooseAdapters(
      family.folders,
      title,
      (folder) => adapter === undefined || folder === adapter,
    );
    return folders.length === 0 ? undefined : described.filter(({ folder }) => folders.includes(folder));
  }

  /** Of those that were selected nothing is asked again, but of which base model the server is to be. */
  async #chooseOf(selected: readonly DescribedAdapter[]): Promise<readonly DescribedAdapter[] | undefined> {
    const together = servedTogether(selected);
    if (together === undefined) {
      const family = await chooseFamily(families(selected));
      return family && selected.filter(({ folder }) => family.folders.includes(folder));
    }
    for (const problem of together.problems) void vscode.window.showErrorMessage(wordsOf(failureOf(problem)));
    return together.chosen;
  }

  /** All adapters of the workspace, and one that may lie elsewhere. */
  async #described(engine: EngineClient, adapter: string | undefined): Promise<readonly DescribedAdapter[]> {
    const known = await this.#options.adapters();
    const isElsewhere = adapter !== undefined && !known.includes(adapter);
    return engine.texts.describeAdapters(isElsewhere ? [...known, adapter] : known);
  }

  /** `named` is the base model that the user chose where the adapter's own was not found. */
  async #start(
    engine: EngineClient,
    chosen: readonly DescribedAdapter[],
    named: string | null,
  ): Promise<AdapterServer | undefined> {
    const base = baseToServe(chosen, named);
    const folders = chosen.map(({ folder }) => folder);
    const options = {
      ...{ engine, base, adapters: modelNames(folders, [base.name]), port: this.#options.port() },
      log: this.#options.log,
    };
    const title = `Starting a server of ${folders.map((folder) => path.basename(folder)).join(', ')}`;
    const shown = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    this.#isStarting = true;
    return vscode.window.withProgress(shown, async (_, cancellation) => {
      try {
        const server = await AdapterServer.start(options, signalOf(cancellation));
        // Known before anything else can be started.
        if (server !== undefined) this.#watch(server);
        return server;
      } catch (error) {
        throw inEditorWords(error);
      } finally {
        this.#isStarting = false;
      }
    });
  }

  #watch(server: AdapterServer): void {
    if (this.#isClosed) {
      void server.stop();
      return;
    }
    this.#server = server;
    this.#status.show(server);
    void server.ended.then((error) => {
      this.#server = undefined;
      if (this.#isClosed) return;
      this.#status.show(undefined);
      void server.stop();
      if (error !== undefined) void this.#tellEnded(server, error);
    });
  }

  async #tellServed(server: AdapterServer): Promise<void> {
    const { url, adapters } = server.facts;
    const names = adapters.map(({ name }) => name).join(', ');
    const [copy, more] = ['Copy URL', 'More…'];
    const text = `${names} ${adapters.length === 1 ? 'is' : 'are'} served at ${url}/v1, for programs on this computer.`;
    const answer = await vscode.window.showInformationMessage(text, copy, more);
    if (answer === copy) await vscode.env.clipboard.writeText(`${url}/v1`);
    if (answer === more) await this.manage();
  }

  async #tellEnded(server: AdapterServer, error: unknown): Promise<void> {
    const [again, log] = ['Serve Again', 'Show Engine Log'];
    const text = `The server of adapters has ended. ${wordsOf(error)}`;
    const answer = await vscode.window.showErrorMessage(text, again, log);
    if (answer === log) await vscode.commands.executeCommand(commandIds.showEngineLog);
    if (answer === again) {
      const adapters = server.facts.adapters.map(({ folder }) => vscode.Uri.file(folder));
      await vscode.commands.executeCommand(commandIds.serveAdapters, adapters[0], adapters);
    }
  }

  async #addNamed(server: AdapterServer, adapters: readonly string[]): Promise<void> {
    const served = new Set(server.facts.adapters.map(({ folder }) => folder));
    const wanted = adapters.filter((adapter) => !served.has(adapter));
    if (wanted.length === 0) return this.manage();
    const { fits, others, problems } = fittingTo(server.base, await server.engine.texts.describeAdapters(wanted));
    for (const problem of problems) void vscode.window.showErrorMessage(wordsOf(failureOf(problem)));
    if (fits.length > 0) await this.#attach(server, fits);
    if (others.length > 0) await this.#offerOther(server, others);
  }

  /** A server has one base model. */
  async #offerOther(server: AdapterServer, others: Fitting['others']): Promise<void> {
    const isOne = others.length === 1;
    const replace = isOne ? 'Stop It and Serve This One' : 'Stop It and Serve These';
    const names = others.map(({ folder }) => path.basename(folder)).join(', ');
    const bases = [...new Set(others.map(({ baseName }) => baseName))].join(', ');
    const text =
      `${names} ${isOne ? 'belongs' : 'belong'} to ${bases}, and the server that runs has ${server.base.name}: ` +
      'a server has one base model.';
    if ((await vscode.window.showWarningMessage(text, replace)) !== replace) return;
    await server.stop();
    await server.ended;
    await this.serve(others.map(({ folder }) => folder));
  }

  async #add(server: AdapterServer): Promise<void> {
    const served = new Set(server.facts.adapters.map(({ folder }) => folder));
    const described = await this.#described(server.engine, undefined);
    const family = families(described).find(({ base }) => base.path === server.base.path);
    const others = (family?.folders ?? []).filter((folder) => !served.has(folder));
    if (others.length === 0) {
      const text = `This workspace has no further adapter of ${server.base.name}.`;
      void vscode.window.showInformationMessage(text);
      return;
    }
    await this.#attach(server, await chooseAdapters(others, 'Add Adapters', () => others.length === 1));
  }

  async #attach(server: AdapterServer, folders: readonly string[]): Promise<void> {
    const { adapters, baseName } = server.facts;
    const added: string[] = [];
    for (const adapter of modelNames(folders, [baseName, ...adapters.map(({ name }) => name)])) {
      try {
        await server.add(adapter);
        added.push(adapter.name);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        void vscode.window.showErrorMessage(wordsOf(error));
      }
    }
    if (added.length === 0) return;
    void vscode.window.showInformationMessage(
      `${added.join(', ')} ${added.length === 1 ? 'is' : 'are'} served now, too.`,
    );
  }

  async #remove(server: AdapterServer): Promise<void> {
    const items = server.facts.adapters.map(({ name, folder }) => ({
      ...{ label: name, description: vscode.workspace.asRelativePath(folder) },
    }));
    const options = {
      ...{ title: 'Remove Adapters', placeHolder: 'Which? What is being written is finished.' },
      canPickMany: true as const,
      ignoreFocusOut: true,
    };
    for (const { label } of (await vscode.window.showQuickPick(items, options)) ?? []) await server.remove(label);
  }
}

function baseToServe(chosen: readonly DescribedAdapter[], named: string | null): ServedBase {
  const [first] = chosen;
  if (named !== null) {
    return { path: named, name: path.basename(named), hasChatTemplate: false, isChosen: true };
  }
  if (first?.base == null) throw failureOf(first!.problem!);
  return { ...first.base, isChosen: false };
}

function failureOf({ code, message, hint }: AdapterProblem): Failure {
  return new Failure(code, message, hint === null ? {} : { hint });
}
