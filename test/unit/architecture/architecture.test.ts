import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import ts from 'typescript';
import { findCycle, importsOf, resolveImport } from './imports';

/** What one tsconfig.json compiles, and from which others it may import. */
interface Layer {
  readonly folder: string;
  readonly files: readonly string[];
  readonly references: readonly string[];
  readonly types: readonly string[];
}

const generated = ['src/recipe/recipe.generated.ts'];
const ignored = new Set(['node_modules', 'dist', '.git', '.tsbuild', '.cache', '.lora', '.vscode-test']);

const everything = listFiles('.');
const sources = everything.filter((file) => file.startsWith('src/') && file.endsWith('.ts'));
const tests = everything.filter((file) => file.startsWith('test/') && file.endsWith('.ts'));
const layers = everything.filter((file) => /^src\/.*tsconfig\.json$/.test(file)).map(readLayer);
const layerOf = new Map(layers.flatMap((layer) => layer.files.map((file) => [file, layer])));
const known = new Set(everything);
const imports = new Map(sources.map((file) => [file, importsOf(readFileSync(file, 'utf8'))]));

test('every source file belongs to exactly one layer', () => {
  for (const file of sources) {
    const owners = layers.filter((layer) => layer.files.includes(file)).map(({ folder }) => folder);
    assert.equal(owners.length, 1, `${file} is compiled by ${owners.join(' and ') || 'no layer'}`);
  }
});

test('every layer is part of the project', () => {
  const project = readConfig('tsconfig.json');
  const referenced = references('.', project).filter((folder) => folder.startsWith('src'));
  assert.deepEqual(referenced.sort(), layers.map(({ folder }) => folder).sort());
});

test('layers form no cycle', () => {
  assert.equal(findCycle(new Map(layers.map(({ folder, references: allowed }) => [folder, allowed]))), undefined);
});

describe('files import only from layers that their own refers to:', () => {
  for (const layer of layers) {
    test(layer.folder, () => {
      const allowed = new Set([layer.folder, ...layer.references]);
      for (const [from, to] of relativeImports(layer.files)) {
        const target = layerOf.get(to);
        if (target === undefined) assert.ok(!to.startsWith('src/'), `${to}, which ${from} imports, is in no layer`);
        else assert.ok(allowed.has(target.folder), `${from} must not import ${to}`);
      }
    });
  }
});

test('layers without Node in their types import nothing of Node', () => {
  for (const layer of layers.filter(({ types }) => !types.includes('node'))) {
    assert.deepEqual(packageImports(layer.files, /^node:/), []);
  }
});

test('files form no cycle; types may go round within one room', () => {
  const edges = new Map(
    sources.map((from) => {
      const targets = imports.get(from)!.flatMap(({ specifier, typeOnly }) => {
        const to = resolveImport(from, specifier, known);
        return to === undefined || (typeOnly && path.dirname(to) === path.dirname(from)) ? [] : [to];
      });
      return [from, targets];
    }),
  );
  assert.equal(findCycle(edges)?.join(' → '), undefined);
});

test('the engine does not know the editor', () => {
  const outside = sources.filter((file) => !file.startsWith('src/host/') && file !== 'src/extension.ts');
  assert.deepEqual(packageImports(outside, /^vscode$/), []);
});

test('only the ONNX runtime knows onnxruntime', () => {
  const outside = sources.filter((file) => !file.startsWith('src/engine/runtime/onnx/'));
  assert.deepEqual(packageImports(outside, /^onnxruntime/), []);
});

test('every package that is imported is a dependency', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  const given = ['vscode', ...Object.keys(dependencies)];
  const foreign = packageImports(sources, /^(?!node:)/).filter(
    (line) => !given.some((name) => line.endsWith(` ${name}`) || line.includes(` ${name}/`)),
  );
  assert.deepEqual(foreign, []);
});

test('no file has more than 400 lines', () => {
  const scripts = everything.filter((file) => file.endsWith('.mjs'));
  const long = [...sources, ...tests, ...scripts].flatMap((file) => {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n').length;
    return lines > 400 && !generated.includes(file) ? [`${file}: ${lines}`] : [];
  });
  assert.deepEqual(long, []);
});

test('no file or folder is named for being useful', () => {
  const vague = /(^(util|helper|manager)|Util|Helper|Manager)s?($|[A-Z.])/;
  const named = [...sources, ...tests].filter((file) => file.split('/').some((part) => vague.test(part)));
  assert.deepEqual(named, []);
});

test('files have names in camelCase', () => {
  const other = [...sources, ...tests].filter(
    (file) => !/^[a-z][a-zA-Z0-9]*(\.(test|generated))?\.ts$/.test(path.basename(file)),
  );
  assert.deepEqual(other, []);
});

test('Python is only the reference to compare with', () => {
  const python = everything.filter((file) => file.endsWith('.py') && !file.startsWith('test/parity/'));
  assert.deepEqual(python, []);
});

function* relativeImports(files: readonly string[]): Generator<[from: string, to: string]> {
  for (const from of files) {
    for (const { specifier } of imports.get(from) ?? []) {
      const to = resolveImport(from, specifier, known);
      if (to !== undefined) yield [from, to];
    }
  }
}

/** Lines `file imports package`. */
function packageImports(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    (imports.get(file) ?? [])
      .filter(({ specifier }) => !specifier.startsWith('.') && pattern.test(specifier))
      .map(({ specifier }) => `${file} imports ${specifier}`),
  );
}

function readLayer(file: string): Layer {
  const folder = path.dirname(file);
  const config = readConfig(file);
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, path.resolve(folder));
  return {
    folder,
    files: parsed.fileNames.map((name) => path.relative('.', name)).filter((name) => name.endsWith('.ts')),
    references: references(folder, config),
    types: parsed.options.types ?? [],
  };
}

interface Config {
  readonly references?: readonly { readonly path: string }[];
}

function readConfig(file: string): Config {
  return JSON.parse(readFileSync(file, 'utf8')) as Config;
}

function references(folder: string, config: Config): string[] {
  return (config.references ?? []).map(({ path: target }) => path.join(folder, target));
}

/** All files of the project below a folder, without what is installed or built. */
function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return ignored.has(entry.name) ? [] : listFiles(file);
    return [file];
  });
}
