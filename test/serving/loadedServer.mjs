// A `lora serve` that is asked by many clients at once, and what they were answered.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const tokens = 16;
/** Of unequal length, and some that begin alike. */
const prompts = ['1, 2, 3,', '10, 20,', '7,', '1, 2, 3, 4, 5, 6,', '40, 50, 60, 70,', '9, 10, 11,'];
/** An adapter that comes and goes. */
const swapped = 'swapped';

export class LoadedServer {
  #child;
  #url;
  #folder;
  #models;
  /** `model prompt` → the greedy answer that it got alone. */
  #expected = new Map();

  /** `adapters`: name → folder. */
  static async start(cli, base, adapters) {
    const server = new LoadedServer();
    const named = Object.entries(adapters).flatMap(([name, folder]) => ['--adapter', `${name}=${folder}`]);
    const args = [cli, 'serve', '--base-model', base, ...named, '--port', '0', '--json'];
    server.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    server.#folder = Object.values(adapters)[0];
    const lines = createInterface({ input: server.#child.stdout });
    const listening = new Promise((resolve) => {
      lines.on('line', (line) => {
        const news = JSON.parse(line);
        if (news.type === 'listening') resolve(news);
      });
    });
    const ended = once(server.#child, 'exit').then(() => Promise.reject(new Error('lora serve ended by itself.')));
    ended.catch(() => undefined);
    const { url, models } = await Promise.race([listening, ended]);
    server.#url = url;
    server.#models = models;
    return server;
  }

  async learnAnswers() {
    for (const model of this.#models) {
      for (const prompt of prompts) this.#expected.set(`${model} ${prompt}`, (await this.#ask(model, prompt)).text);
    }
  }

  /** Asks with so many clients at once, for a time or a number of requests. */
  async load(clients, { seconds = Infinity, requests = Infinity }) {
    const began = performance.now();
    const times = [];
    const found = { answered: 0, unknown: 0, tokens: 0, problems: [] };
    let asked = 0;
    const isOver = () => performance.now() - began > seconds * 1000 || asked >= requests;
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        for (let i = client; !isOver(); i += clients) {
          asked++;
          // Every eighth question is for the adapter that comes and goes, where one does.
          const model = this.isSwapping && i % 8 === 7 ? swapped : this.#models[i % this.#models.length];
          const prompt = prompts[(i * 5 + client) % prompts.length];
          const start = performance.now();
          const { status, text, count } = await this.#ask(model, prompt);
          if (status === 404 && model === swapped) {
            found.unknown++;
            continue;
          }
          const expected = this.#expected.get(`${model === swapped ? this.#models[1] : model} ${prompt}`);
          if (status !== 200) found.problems.push(`status ${status} for ${model}: ${text}`);
          else if (text !== expected) found.problems.push(`${model} said "${text}" to "${prompt}", not "${expected}"`);
          times.push((performance.now() - start) / 1000);
          found.answered++;
          found.tokens += count;
        }
      }),
    );
    times.sort((a, b) => a - b);
    const quantile = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN;
    return { ...found, quantile, seconds: (performance.now() - began) / 1000 };
  }

  /** Attaches and detaches an adapter again and again until it is stopped. */
  swap(onSwap) {
    this.isSwapping = true;
    let isStopped = false;
    const swapping = (async () => {
      while (!isStopped) {
        await this.#post('load_lora_adapter', { lora_name: swapped, lora_path: this.#folder });
        await sleep(100);
        await this.#post('unload_lora_adapter', { lora_name: swapped });
        onSwap();
      }
    })();
    const stop = async () => {
      isStopped = true;
      await swapping;
      this.isSwapping = false;
    };
    return { stop };
  }

  /** Begins long streams and hangs up after the first piece. Gives how many did. */
  async leave(count) {
    const leaving = Array.from({ length: count }, async (_, i) => {
      await sleep(20 * i);
      try {
        const reader = (await this.#stream(i)).body.getReader();
        await reader.read();
        await reader.cancel();
      } catch {
        return 0;
      }
      return 1;
    });
    return (await Promise.all(leaving)).reduce((sum, one) => sum + one, 0);
  }

  /** Reads long streams a piece at a time, with pauses. Gives how many came to their end. */
  async readSlowly(count) {
    const reading = Array.from({ length: count }, async (_, i) => {
      const answer = await this.#stream(i);
      let text = '';
      for await (const piece of answer.body) {
        text += Buffer.from(piece).toString();
        await sleep(50);
      }
      return text.includes('[DONE]') ? 1 : 0;
    });
    return (await Promise.all(reading)).reduce((sum, one) => sum + one, 0);
  }

  /** Texts that are still being written a moment later. */
  async settled() {
    for (let tries = 0; ; tries++) {
      const running = await this.#gauge('lora_texts_running');
      if (running === 0 || tries === 50) return running;
      await sleep(100);
    }
  }

  /** In bytes. */
  memory() {
    return this.#gauge('process_resident_memory_bytes');
  }

  async stop() {
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }

  async #gauge(name) {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)[1]);
  }

  #stream(i) {
    const model = this.#models[i % this.#models.length];
    const asked = { model, prompt: prompts[i % prompts.length], temperature: 0, max_tokens: 100, ignore_eos: true };
    return this.#fetch('completions', { ...asked, stream: true });
  }

  async #ask(model, prompt) {
    const asked = { model, prompt, temperature: 0, max_tokens: tokens, ignore_eos: true };
    const answer = await this.#fetch('completions', asked);
    const body = await answer.json();
    if (answer.status !== 200) return { status: answer.status, text: JSON.stringify(body), count: 0 };
    return { status: 200, text: body.choices[0].text, count: body.usage.completion_tokens };
  }

  async #post(place, body) {
    const answer = await this.#fetch(place, body);
    if (!answer.ok) throw new Error(`${place}: ${await answer.text()}`);
    await answer.arrayBuffer();
  }

  #fetch(place, body) {
    return fetch(`${this.#url}/v1/${place}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }
}
