import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { GenerationOptions } from '../../../src/run/answers';
import { engineWith, run } from './captured';

const cwd = process.cwd();

describe('generate', () => {
  async function generate(
    ...args: readonly string[]
  ): Promise<{ asked: GenerationOptions; stdout: string; stderr: string }> {
    let asked: GenerationOptions | undefined;
    const adapter = path.join(cwd, 'a');
    const engine = engineWith({
      generate(options, onText) {
        asked = options;
        const answers = options.compare ? [null, adapter] : [adapter];
        for (const [at, from] of answers.entries()) {
          onText({ adapter: from, text: `one${at}` });
          onText({ adapter: from, text: ' \u001b[31mtwo' });
        }
        const completions = answers.map((from, at) => {
          return {
            adapter: from,
            text: `one${at} two`,
            tokens: 2,
            tokens_per_second: 4,
            finish_reason: 'stop' as const,
          };
        });
        return Promise.resolve({ prompt: options.prompt, completions });
      },
    });
    const all = ['generate', '--base-model', 'm', '--adapter', 'a', '--prompt', 'zero ', ...args];
    const { exitCode, stdout, stderr } = await run(all, { cwd, loadEngine: () => Promise.resolve(engine) });
    assert.equal(exitCode, 0, stderr);
    return { asked: asked!, stdout, stderr };
  }

  test('generate is greedy unless told otherwise', async () => {
    const { asked } = await generate();
    assert.deepEqual(
      [asked.temperature, asked.topP, asked.seed, asked.maxNewTokens, asked.chat],
      [0, 1, 42, 128, false],
    );
    const other = await generate(
      '--temperature',
      '0.7',
      '--top-p=0.9',
      '--seed',
      '7',
      '--max-new-tokens',
      '5',
      '--chat',
    );
    assert.deepEqual(
      [other.asked.temperature, other.asked.topP, other.asked.seed, other.asked.maxNewTokens, other.asked.chat],
      [0.7, 0.9, 7, 5, true],
    );
  });

  test('generate hands over how to choose words and where to end', async () => {
    const { asked } = await generate();
    assert.deepEqual([asked.topK, asked.minP, asked.repetitionPenalty, asked.stop], [0, 0, 1, []]);
    assert.equal(asked.topLogProbabilities, undefined);
    const line = '--top-k 5 --min-p 0.1 --repetition-penalty 1.2 --stop . --stop ! --logprobs 2';
    const { asked: other } = await generate(...line.split(' '));
    assert.deepEqual([other.topK, other.minP, other.repetitionPenalty, other.stop], [5, 0.1, 1.2, ['.', '!']]);
    assert.equal(other.topLogProbabilities, 2);
  });

  test('generate shows the prompt and the text as it comes, without control characters', async () => {
    const { stdout, stderr } = await generate();
    assert.equal(stdout, 'zero one0 \ufffd[31mtwo\n');
    assert.equal(stderr, '2 tokens, 4.0 tokens/s\n');
  });

  test('generate --compare shows both under their names', async () => {
    const { stdout } = await generate('--compare');
    assert.equal(stdout, 'base model:\nzero one0 \ufffd[31mtwo\n\nwith a:\nzero one1 \ufffd[31mtwo\n');
  });

  test('generate --json prints one value and streams nothing', async () => {
    const { stdout } = await generate('--json');
    assert.match(stdout, /^\{[^\n]*\}\n$/);
    assert.equal((JSON.parse(stdout) as { completions: unknown[] }).completions.length, 1);
  });
});
