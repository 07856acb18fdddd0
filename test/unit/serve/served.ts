import path from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder, writeTinyProject } from '../../tiny/recipe';
import type { TinyProject } from '../../tiny/recipe';
import { writeJson } from '../../tiny/model';
import { createEngine } from '../../../src/engine/session';
import type { ServeNews, ServeOptions } from '../../../src/run/serving';
import { train } from '../operations/engine';

export const engine = createEngine();

/** A tiny model with a chat template, and a trained adapter. */
export async function trainedProject(t: TestContext): Promise<TinyProject> {
  const tiny = await writeTinyProject(await temporaryFolder(t), { training: { max_steps: 25 } });
  await writeJson(path.join(tiny.model, 'tokenizer_config.json'), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    unk_token: '<unk>',
    bos_token: '<s>',
    eos_token: '</s>',
    clean_up_tokenization_spaces: false,
    chat_template:
      "{% for message in messages %}{% if message['role'] == 'tool' %}{{ raise_exception('no tools') }}{% endif %}{{ message['content'] + ' ' }}{% endfor %}",
  });
  await train(tiny);
  return tiny;
}

export interface Served {
  readonly url: string;
  readonly news: readonly ServeNews[];
  /** Asks the server to end and waits for it. */
  readonly end: () => Promise<void>;
}

/** A server on a free port that lives as long as the test. */
export async function served(
  t: Pick<TestContext, 'after'>,
  tiny: TinyProject,
  changes: Partial<ServeOptions> = {},
): Promise<Served> {
  const stop = new AbortController();
  const news: ServeNews[] = [];
  let ended: Promise<void> | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    const options: ServeOptions = {
      baseModel: tiny.model,
      adapters: [{ name: 'tuned', folder: tiny.output }],
      host: '127.0.0.1',
      port: 0,
      apiKey: undefined,
      parallel: 4,
      maxWaiting: 256,
      maxLength: undefined,
      ...changes,
    };
    const onNews = (one: ServeNews): void => {
      news.push(one);
      if (one.type === 'listening') resolve(one.url);
    };
    ended = engine.serve(options, onNews, stop.signal);
    ended.catch(reject);
  });
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  t.after(end);
  return { url, news, end };
}

/** A POST with a JSON body. */
export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
