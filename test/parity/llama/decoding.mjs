// How fast llama.cpp continues a text: `node decoding.mjs TASK.json`, from `llamaInstall.mjs`'s folder.
import { readFileSync } from 'node:fs';
import { getLlama } from 'node-llama-cpp';

const task = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, maxThreads: task.threads });
const model = await llama.loadModel({ modelPath: task.model });
const context = await model.createContext({
  contextSize: 256,
  threads: task.threads,
  ...(task.adapter === undefined ? {} : { lora: { adapters: [{ filePath: task.adapter, scale: 1 }] } }),
});
const sequence = context.getSequence();
await run(7, 4);
const { first, end } = await run(3, task.new_tokens);
console.log(JSON.stringify({ first_seconds: first, tokens_per_second: (task.new_tokens - 1) / (end - first) }));
process.exit(0);

async function run(start, wanted) {
  await sequence.clearHistory();
  const ids = Array.from({ length: task.prompt }, (_, i) => start + ((i * 7) % (task.vocabulary - start)));
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  let [first, count] = [undefined, 0];
  const tokens = sequence.evaluate(ids, { temperature: 0, yieldEogToken: true });
  while (count < wanted && (await tokens.next()).done !== true) {
    first ??= seconds();
    count++;
  }
  if (count !== wanted) throw new Error(`${count} tokens instead of ${wanted}`);
  return { first, end: seconds() };
}
