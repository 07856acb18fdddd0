import path from 'node:path';
import type { AdapterServing, ServeNews, ServeOptions } from '../../../run/serving';
import { adapterNameTaken, addressUnusable, apiKeyNeeded } from '../failures';
import { TextModel } from '../textModel';
import { ServedAdapters } from './servedAdapters';
import { isLoopback, TextServer } from './server';

const maxBodyBytes = 8 * 2 ** 20;

/**
 * Serves a base model and adapters over OpenAI's interface until `signal` is aborted. `onListening` gets what
 * adapters are attached to and detached from while it runs.
 * @throws Failure where a model cannot be opened, the address is taken, or anybody could use it
 */
export async function serve(
  options: ServeOptions,
  onNews: (news: ServeNews) => void,
  signal: AbortSignal,
  onListening: (server: AdapterServing) => void = () => undefined,
): Promise<void> {
  const { baseModel, adapters, host, port, apiKey, parallel, maxLength, maxWaiting } = options;
  if (apiKey === undefined && !isLoopback(host)) throw apiKeyNeeded(host);
  const baseName = options.baseName ?? (path.isAbsolute(baseModel) ? path.basename(baseModel) : baseModel);
  const names = [baseName, ...adapters.map(({ name }) => name)];
  const taken = names.find((name, i) => names.indexOf(name) !== i);
  if (taken !== undefined) throw adapterNameTaken(taken);
  const length = maxLength === undefined ? {} : { maxLength };
  const model = await TextModel.open({ baseModel, rows: parallel, expectsAdapters: true, ...length });
  try {
    const attached = new ServedAdapters(model);
    for (const { name, folder } of adapters) await attached.attach(name, folder);
    await model.warmUp();
    const server = new TextServer({
      ...{ model, attached, baseName, host, port, apiKey, parallel, maxWaiting, maxBodyBytes, onNews },
    });
    const url = await server.listen().catch((error: unknown) => {
      throw addressUnusable(host, port, error);
    });
    onNews({ type: 'listening', url, models: names });
    onListening(server);
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await server.close();
    onNews({ type: 'ended' });
  } finally {
    await model.close();
  }
}
