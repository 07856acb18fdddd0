// Answers a question from your own files: finds the passages that fit best (BM25), and hands them with the question to a model
// that `lora serve` runs, with an adapter or without.
//   node examples/rag/ask.mjs "How do I stop a training?" --folder docs
//     --server http://127.0.0.1:8080   where `lora serve` listens
//     --model NAME                     an adapter's name; without it the last one that the server lists
//     --passages N                     how many passages the model reads (3)
//     --json                           {question, model, sources, answer} on one line
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: 'string', default: '.' },
    server: { type: 'string', default: 'http://127.0.0.1:8080' },
    model: { type: 'string' },
    passages: { type: 'string', default: '3' },
    'max-tokens': { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
});
const question = positionals.join(' ');
if (question === '') stop('Ask something: node examples/rag/ask.mjs "QUESTION" --folder DIR');

function stop(why) {
  console.error(why);
  process.exit(1);
}

const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Texts below a folder, cut at headings and empty lines into passages of some 600 characters. */
function passagesIn(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(md|txt)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/(^|[\\/])(node_modules|\.[^\\/.][^\\/]*)[\\/]/.test(file));
  return files.sort().flatMap((file) => {
    const passages = [];
    let heading = '';
    for (const paragraph of readFileSync(file, 'utf8').split(/\n\s*\n/)) {
      const text = paragraph.trim();
      if (text.startsWith('#')) heading = text.split('\n')[0].replace(/^#+ */, '');
      const last = passages.at(-1);
      if (last?.heading === heading && last.text.length + text.length < 600) last.text += `\n${text}`;
      else if (text !== '') passages.push({ file, heading, text });
    }
    return passages;
  });
}

/** The passages that fit best, by Okapi BM25 (k1 1.2, b 0.75): rare words of the question count most. */
function bestPassages(passages, asked, count) {
  const texts = passages.map(({ heading, text }) => words(`${heading} ${text}`));
  const average = texts.reduce((sum, text) => sum + text.length, 0) / Math.max(texts.length, 1);
  const scores = texts.map(() => 0);
  for (const word of new Set(words(asked))) {
    const times = texts.map((text) => text.filter((one) => one === word).length);
    const holding = times.filter((number) => number > 0).length;
    const rarity = Math.log(1 + (texts.length - holding + 0.5) / (holding + 0.5));
    times.forEach((number, i) => {
      scores[i] += (rarity * number * 2.2) / (number + 1.2 * (0.25 + (0.75 * texts[i].length) / average));
    });
  }
  const ranked = [...scores.keys()].filter((i) => scores[i] > 0).sort((a, b) => scores[b] - scores[a]);
  return ranked.slice(0, count).map((i) => passages[i]);
}

async function ask(address, body) {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${process.env.LORA_API_KEY ?? 'none'}` };
  const answer = await fetch(options.server + address, { ...init, headers }).catch(() => {
    stop(`Nothing answers at ${options.server}. Start it: lora serve --base-model M --adapter my=adapters/my`);
  });
  return { isOk: answer.ok, value: await answer.json() };
}

const found = bestPassages(passagesIn(options.folder), question, Number(options.passages));
if (found.length === 0) stop(`No text in ${options.folder} has a word of this question.`);
const sources = found.map(({ text, file, heading }, i) => `[${i + 1}] ${file}${heading && `, ${heading}`}\n${text}`);
const instruction = 'Answer the question from these passages alone, and say the number of the passage that tells it.';
const prompt = `${instruction}\n\n${sources.join('\n\n')}\n\nQuestion: ${question}`;
const model = options.model ?? (await ask('/v1/models')).value.data.at(-1).id;
const request = { model, temperature: 0, max_tokens: Number(options['max-tokens']) };
let reply = await ask('/v1/chat/completions', { ...request, messages: [{ role: 'user', content: prompt }] });
// A base model without a chat template continues text instead.
if (!reply.isOk && reply.value.error?.code === 'chat_template_missing') {
  reply = await ask('/v1/completions', { ...request, prompt: `${prompt}\nAnswer:`, stop: ['\nQuestion:'] });
}
if (!reply.isOk) stop(reply.value.error?.message ?? 'The server gave no answer.');
const [choice] = reply.value.choices;
const answer = (choice.message?.content ?? choice.text).trim();
const named = found.map(({ file, heading }) => ({ file, heading }));
if (options.json) console.log(JSON.stringify({ question, model, sources: named, answer }));
else console.log(`${answer}\n\n${named.map(({ file, heading }, i) => `[${i + 1}] ${file} ${heading}`).join('\n')}`);
