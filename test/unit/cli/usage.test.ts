import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commands } from '../../../src/cli/commands';
import { run } from './captured';

describe('wrong usage exits with 2 and names the nearest', () => {
  for (const [line, says] of [
    ['', /Usage: lora COMMAND/],
    ['trian x.lora.json', /Did you mean `lora train`\?/],
    ['frobnicate', /`lora help` lists the commands/],
    ['--verbose', /no option "--verbose"/],
    ['train', /needs RECIPE/],
    ['train a b', /does not know what to do with "b"/],
    ['train a --resum latest', /Did you mean --resume\?/],
    ['train a --resume', /--resume needs a value: --resume=RUN\|latest/],
    ['train a --resume --json', /--resume needs a value/],
    ['train a --json=yes', /--json takes no value/],
    ['check', /needs FILE/],
    ['tokens a --rows many', /--rows must be a whole number of at least 1, but is "many"/],
    ['tokens a --rows 0', /at least 1/],
    ['tokens a --rows 1.5', /whole number/],
    ['evaluate --dataset d', /needs --base-model M/],
    ['evaluate --base-model m', /needs --dataset FILE/],
    ['generate --base-model m', /needs --prompt TEXT/],
    ['generate --base-model m --prompt p --temperature -1', /--temperature must be a number from 0 to 100/],
    ['generate --base-model m --prompt p --top-p 2', /--top-p must be a number from 0 to 1/],
    ['generate --base-model m --prompt p --compare', /--compare needs an --adapter/],
    ['merge', /needs an adapter/],
    ['merge a', /needs --output DIR/],
    ['merge a --output b --dtype int8', /--dtype must be one of float32, float16, bfloat16/],
    ['init', /needs --base-model M and --dataset FILE/],
    ['help trian', /Did you mean `lora train`\?/],
  ] as const) {
    test(`lora ${line}`, async () => {
      const { exitCode, stdout, stderr } = await run(line.split(' ').filter((word) => word !== ''));
      assert.equal(exitCode, 2);
      assert.match(stderr, says);
      if (!line.includes('--json')) assert.equal(stdout, '');
    });
  }

  test('with --json the same is said to programs on one line', async () => {
    const { exitCode, stdout, stderr } = await run(['tokens', 'a', '--rows', '0', '--json']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^error: /);
    assert.deepEqual(JSON.parse(stdout), {
      error: {
        code: 'wrong-usage',
        message: '--rows must be a whole number of at least 1, but is "0".',
        hint: 'Leave --rows out for its default.',
        place: null,
      },
    });
    assert.match(stdout, /^[^\n]+\n$/);
  });
});

describe('help', () => {
  test('lists every command', async () => {
    const { exitCode, stdout } = await run(['help']);
    assert.equal(exitCode, 0);
    for (const { name } of commands) {
      assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
    }
  });

  test('is the same for help, --help and -h', async () => {
    const { stdout } = await run(['help']);
    assert.equal((await run(['--help'])).stdout, stdout);
    assert.equal((await run(['-h'])).stdout, stdout);
  });

  for (const command of commands) {
    test(`of ${command.name} names every option, also where the call is wrong`, async () => {
      const { exitCode, stdout } = await run([command.name, '--no-such-option', '--help']);
      assert.equal(exitCode, 0);
      for (const option of [...Object.keys(command.options), 'json', 'help']) assert.ok(stdout.includes(`--${option}`));
      assert.equal((await run(['help', command.name])).stdout, stdout);
    });
  }
});
