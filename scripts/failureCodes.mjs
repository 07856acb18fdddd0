// The codes of everything that `lora` may find wrong, read from the source: failures of the engine and the commands, and
// problems of recipes. A unit test compares them with docs/troubleshooting.md.
//   node scripts/failureCodes.mjs     prints each code with the places where it is made
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** What makes a failure or a problem, and which of its arguments is the code. */
const codeArgument = { Failure: 0, super: 0, '#report': 2 };

/** Every code has at least two words, so that other texts are not taken for one. */
const pattern = /^[a-z0-9]+(-[a-z0-9]+)+$/;

/** The codes in all TypeScript files of `root`/src: code → `file:line` of each place. */
export function failureCodes(root) {
  const codes = new Map();
  const files = readdirSync(path.join(root, 'src'), { recursive: true }).filter((file) => file.endsWith('.ts'));
  for (const file of files.sort()) {
    const name = path.join('src', file);
    const source = ts.createSourceFile(name, readFileSync(path.join(root, name), 'utf8'), ts.ScriptTarget.Latest, true);
    for (const literal of codeLiterals(source)) {
      const line = source.getLineAndCharacterOfPosition(literal.getStart()).line + 1;
      codes.set(literal.text, [...(codes.get(literal.text) ?? []), `${name.replaceAll('\\', '/')}:${line}`]);
    }
  }
  return new Map([...codes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function* codeLiterals(node) {
  const code = codeOf(node);
  if (code !== undefined) yield* literalsIn(code);
  for (const child of node.getChildren()) yield* codeLiterals(child);
}

/** The expression that gives the code, where `node` makes a failure or a problem. */
function codeOf(node) {
  if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
    const made = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression;
    const at = Object.hasOwn(codeArgument, made.getText()) ? codeArgument[made.getText()] : undefined;
    return at === undefined ? undefined : node.arguments?.[at];
  }
  if (!ts.isPropertyAssignment(node) || node.name.getText() !== 'code') return undefined;
  const others = node.parent.properties.map((property) => property.name?.getText());
  return others.includes('message') || others.includes('severity') ? node.initializer : undefined;
}

/** `'a'`, or both of `condition ? 'a' : 'b'`; a code that comes from elsewhere is found where it is made. */
function* literalsIn(expression) {
  if (ts.isStringLiteral(expression) && pattern.test(expression.text)) yield expression;
  if (ts.isConditionalExpression(expression)) {
    yield* literalsIn(expression.whenTrue);
    yield* literalsIn(expression.whenFalse);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const [code, places] of failureCodes(root)) console.log(`${code}  ${places.join(' ')}`);
}
