// The greedy answer of llama.cpp: `node answer.mjs MODEL.gguf TOKENS PROMPT ADAPTER.gguf|''`, from `llamaInstall.mjs`'s folder.
import { getLlama } from 'node-llama-cpp';

const [, , modelPath, count, prompt, lora] = process.argv;
const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, maxThreads: 1 });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({
  contextSize: 128,
  ...(lora === '' ? {} : { lora: { adapters: [{ filePath: lora, scale: 1 }] } }),
});
const ids = [...model.tokenize(prompt, false)];
if (model.tokens.shouldPrependBosToken && model.tokens.bos !== null) ids.unshift(model.tokens.bos);
const out = [];
for await (const id of context.getSequence().evaluate(ids, { temperature: 0 })) {
  if (model.isEogToken(id) || out.length === Number(count)) break;
  out.push(id);
}
console.log(JSON.stringify(model.detokenize(out)));
process.exit(0);
