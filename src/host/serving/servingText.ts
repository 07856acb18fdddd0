import path from 'node:path';
import { formatCount } from '../../run/format';
import type { ServedAdapter, ServeNews } from '../../run/serving';

/** What is shown of a server that runs. */
export interface ServerFacts {
  /** Without `/v1`. */
  readonly url: string;
  readonly baseName: string;
  readonly canChat: boolean;
  readonly adapters: readonly ServedAdapter[];
  /** Texts that were asked for. */
  readonly requests: number;
}

/** `support +2 · 14 requests`; adapters that came last are named first. */
export function statusText({ adapters, baseName, requests }: ServerFacts): string {
  const first = adapters.at(-1)?.name ?? baseName;
  const others = adapters.length > 1 ? ` +${adapters.length - 1}` : '';
  return `${first}${others} · ${requestCount(requests)}`;
}

/** One fact a line. */
export function statusTooltip({ url, baseName, adapters, requests }: ServerFacts): string {
  const names = [baseName, ...adapters.map(({ name }) => name)];
  return [
    `Serving adapters at ${url}/v1, for programs on this computer`,
    `Models: ${names.join(', ')}`,
    `${requestCount(requests)} so far`,
    'Click for the address, examples, adapters, the log, and to stop',
  ].join('\n');
}

function requestCount(requests: number): string {
  return `${formatCount(requests)} ${requests === 1 ? 'request' : 'requests'}`;
}

/** Whether a request asked for text; others look what is there. */
export function asksForText(news: ServeNews): boolean {
  return news.type === 'request' && news.method === 'POST' && /^\/v1\/(chat\/)?completions$/.test(news.path);
}

/** A line of the log; undefined for news that the log does not need. */
export function newsLine(news: ServeNews): string | undefined {
  switch (news.type) {
    case 'listening':
      return `Serving ${news.models.join(', ')} at ${news.url}/v1`;
    case 'request':
      return `${news.method} ${news.path} ${news.status} ${news.seconds.toFixed(2)} s`;
    case 'attached':
      return `Attached ${news.name} (${news.folder})`;
    case 'detached':
      return `Detached ${news.name}`;
    case 'problem':
      return news.message;
    case 'ended':
      return 'The server of adapters has ended.';
  }
}

/**
 * Names by which clients ask for adapters: that of the folder, where several have the same one with the folder above it.
 * `taken` are names of other models of the server.
 */
export function modelNames(folders: readonly string[], taken: readonly string[]): readonly ServedAdapter[] {
  const used = new Set(taken);
  return folders.map((folder) => {
    const short = path.basename(folder);
    const long = `${path.basename(path.dirname(folder))}-${short}`;
    const numbered = (count: number): string =>
      used.has(`${long}-${count}`) ? numbered(count + 1) : `${long}-${count}`;
    const name = [short, long].find((each) => !used.has(each)) ?? numbered(2);
    used.add(name);
    return { name, folder };
  });
}

/** An example of how a program asks, in the language of its key. */
export type Snippet = 'curl' | 'javascript' | 'python';

const question = 'Hello';

/** Ready to run; asks for the adapter that came last. */
export function snippet(kind: Snippet, { url, canChat, adapters, baseName }: ServerFacts): string {
  const model = adapters.at(-1)?.name ?? baseName;
  return writers[kind](`${url}/v1`, model, canChat);
}

const writers: Readonly<Record<Snippet, (url: string, model: string, canChat: boolean) => string>> = {
  curl(url, model, canChat) {
    const asked = canChat
      ? { model, messages: [{ role: 'user', content: question }] }
      : { model, prompt: question, max_tokens: 64 };
    const body = JSON.stringify(asked).replaceAll("'", String.raw`'\''`);
    const address = `${url}/${canChat ? 'chat/completions' : 'completions'}`;
    return `curl ${address} -H 'content-type: application/json' -d '${body}'\n`;
  },
  javascript(url, model, canChat) {
    const asked = canChat
      ? `  messages: [{ role: 'user', content: ${JSON.stringify(question)} }],\n`
      : `  prompt: ${JSON.stringify(question)},\n  max_tokens: 64,\n`;
    return [
      "import OpenAI from 'openai';",
      '',
      `const client = new OpenAI({ baseURL: ${JSON.stringify(url)}, apiKey: 'none' });`,
      `const answer = await client.${canChat ? 'chat.completions' : 'completions'}.create({`,
      `  model: ${JSON.stringify(model)},`,
      `${asked}});`,
      `console.log(answer.choices[0].${canChat ? 'message.content' : 'text'});`,
      '',
    ].join('\n');
  },
  python(url, model, canChat) {
    const asked = canChat
      ? `    messages=[{"role": "user", "content": ${JSON.stringify(question)}}],\n`
      : `    prompt=${JSON.stringify(question)},\n    max_tokens=64,\n`;
    return [
      'from openai import OpenAI',
      '',
      `client = OpenAI(base_url=${JSON.stringify(url)}, api_key="none")`,
      `answer = client.${canChat ? 'chat.completions' : 'completions'}.create(`,
      `    model=${JSON.stringify(model)},`,
      `${asked})`,
      `print(answer.choices[0].${canChat ? 'message.content' : 'text'})`,
      '',
    ].join('\n');
  },
};
