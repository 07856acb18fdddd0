// Continues texts greedily and prints one line: seconds of a text of one token, and tokens per second of the others in a
// longer one, by the difference of the two.
//   node decodingTask.mjs TASK.json   {engine, model, adapter?, held?, prompt, new_tokens, threads, vocabulary}
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const task = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { TextModel } = createRequire(import.meta.url)(task.engine);
const model = await TextModel.open({
  baseModel: task.model,
  rows: 1,
  threads: task.threads,
  holdsAdapters: task.held === true,
});
if (task.adapter !== undefined) await model.attach('adapter', task.adapter);
const adapters = task.adapter === undefined ? [] : [{ name: 'adapter', weight: 1 }];
// The first text compiles the graph; those that are measured share no beginning with any other.
await run(7, 4);
const first = await run(5, 1);
const all = await run(3, task.new_tokens);
console.log(JSON.stringify({ first_seconds: first, tokens_per_second: (task.new_tokens - 1) / (all - first) }));
await model.close();

async function run(start, maxNewTokens) {
  const ids = Array.from({ length: task.prompt }, (_, i) => start + ((i * 7) % (task.vocabulary - start)));
  const began = performance.now();
  const text = await model.generate({ ids, adapters, maxNewTokens, ignoreEnd: true, temperature: 0 });
  await text.whole();
  if (text.count !== maxNewTokens) throw new Error(`${text.count} tokens instead of ${maxNewTokens}`);
  return (performance.now() - began) / 1000;
}
