import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { vendor } from '../../../src/host/chat/chatModels';
import { commandIds } from '../../../src/host/commands/commandIds';
import { readDefinition, taskType } from '../../../src/host/tasks/taskDefinition';
import { problemLine } from '../../../src/host/tasks/taskProblems';

interface Manifest {
  readonly icon: string;
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
    readonly views: { readonly lora: readonly { readonly id: string; readonly icon: string }[] };
    readonly languageModelChatProviders: readonly { readonly vendor: string; readonly displayName: string }[];
    readonly taskDefinitions: readonly {
      readonly type: string;
      readonly required: readonly string[];
      readonly properties: Readonly<Record<string, unknown>>;
    }[];
    readonly problemMatchers: readonly {
      readonly pattern: { readonly regexp: string } & Readonly<
        Record<'file' | 'line' | 'column' | 'severity' | 'code' | 'message', number>
      >;
    }[];
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string }[];
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly description: string; readonly scope: string }>>;
    };
    readonly walkthroughs: readonly {
      readonly steps: readonly { readonly description: string; readonly media: { readonly markdown: string } }[];
    }[];
  };
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const { contributes } = manifest;
const sources = ['src/host/shell.ts', 'src/host/trees/sidebar.ts', 'src/host/commands/recipeCommands.ts']
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

describe('package.json', () => {
  test('contributes exactly the commands that are there', () => {
    const contributed = contributes.commands.map(({ command }) => command);
    assert.deepEqual([...contributed].sort(), Object.values<string>(commandIds).sort());
    assert.ok(contributes.commands.every(({ category }) => category === 'LoRA'));
  });

  test('puts nothing but its own commands into menus', () => {
    const known = new Set<string>(Object.values(commandIds));
    for (const [menu, items] of Object.entries(contributes.menus)) {
      for (const { command } of items) assert.ok(known.has(command), `${command} in ${menu}`);
    }
  });

  test('keeps commands that need a target out of the palette', () => {
    const hidden = contributes.menus['commandPalette']!.filter(({ when }) => when === 'false').map(
      ({ command }) => command,
    );
    assert.deepEqual(hidden, [
      commandIds.revealAdapter,
      commandIds.rename,
      commandIds.delete,
      commandIds.revealInExplorer,
    ]);
  });

  test('has a welcome text for every view, whose links are its commands or those of VS Code', () => {
    const views = contributes.views.lora.map(({ id }) => id);
    const welcomed = new Set(contributes.viewsWelcome.map(({ view }) => view));
    assert.deepEqual([...welcomed].sort(), [...views].sort());
    const texts = [...contributes.viewsWelcome.map(({ contents }) => contents)];
    for (const { steps } of contributes.walkthroughs) texts.push(...steps.map(({ description }) => description));
    const ids = [...Object.values<string>(commandIds), ...views.map((view) => `${view}.focus`)];
    for (const [, command] of texts.join('\n').matchAll(/\(command:([\w.]+)/g)) {
      assert.ok(ids.includes(command!) || /^(vscode|workbench)\./.test(command!), command);
    }
  });

  test('creates the views that it contributes', () => {
    for (const { id } of contributes.views.lora) assert.ok(sources.includes(`'${id}'`), id);
  });

  test('describes every setting, and the host reads it', () => {
    for (const [key, { description, scope }] of Object.entries(contributes.configuration.properties)) {
      assert.ok(description.length > 20 && scope !== '', key);
      assert.ok(sources.includes(`'${key.replace('lora.', '')}'`), `${key} is never read`);
    }
  });

  test('contributes the chat models that it registers', () => {
    assert.deepEqual(contributes.languageModelChatProviders, [{ vendor, displayName: 'LoRA Workbench' }]);
  });

  test('describes tasks and the problems that they print', () => {
    const [task] = contributes.taskDefinitions;
    assert.deepEqual([task!.type, task!.required], [taskType, ['recipe']]);
    assert.deepEqual(readDefinition({ type: task!.type, recipe: 'a', resume: 'latest', set: ['lora.r=2'] }), {
      ...{ type: 'lora', recipe: 'a', resume: 'latest', set: ['lora.r=2'] },
    });
    assert.deepEqual(Object.keys(task!.properties), ['recipe', 'resume', 'set']);
    const [matcher] = contributes.problemMatchers;
    const { regexp, ...groups } = matcher!.pattern;
    const read = (line: string): readonly (string | undefined)[] => {
      const found = new RegExp(regexp).exec(line)!;
      return (['file', 'line', 'column', 'severity', 'code', 'message'] as const).map((name) => found[groups[name]]);
    };
    const line = problemLine('C:\\my data\\a.jsonl', { line: 1, character: 4 }, 'row-broken', 'It is:\nbroken.');
    assert.deepEqual(read(line), ['C:\\my data\\a.jsonl', '2', '5', 'error', 'row-broken', 'It is: broken.']);
    // As `lora check` prints them.
    assert.deepEqual(read('a.lora.json:3:9 warning warmup-twice Both are set.'), [
      ...['a.lora.json', '3', '9', 'warning', 'warmup-twice', 'Both are set.'],
    ]);
  });

  test('names files that are there', () => {
    const files = [
      manifest.icon,
      ...contributes.views.lora.map(({ icon }) => icon),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
    ];
    for (const file of files) assert.ok(existsSync(file), file);
  });
});
