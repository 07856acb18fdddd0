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
  const shared = [];
  const subjects = new Set();
  const files = readdirSync(path.join(root, 'src'), { recursive: true }).filter((file) => file.endsWith('.ts'));
  for (const file of files.sort()) {
    const name = path.join('src', file);
    const source = ts.createSourceFile(name, readFileSync(path.join(root, name), 'utf8'), ts.ScriptTarget.Latest, true);
    const placeOf = (node) => {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      return `${name.replaceAll('\\', '/')}:${line}`;
    };
    for (const literal of codeLiterals(source)) add(codes, literal.text, placeOf(literal));
    for (const node of everyNode(source)) {
      const end = sharedEnd(node);
      if (end !== undefined) shared.push({ end, place: placeOf(node) });
      const subject = subjectCode(node);
      if (subject !== undefined) subjects.add(subject);
    }
  }
  for (const subject of subjects) for (const { end, place } of shared) add(codes, `${subject}${end}`, place);
  return new Map([...codes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function add(codes, code, place) {
  codes.set(code, [...(codes.get(code) ?? []), place]);
}

function* everyNode(node) {
  yield node;
  for (const child of node.getChildren()) yield* everyNode(child);
}

/** `-no-python` of a failure `${code}-no-python`, which is made for each subject that is set up. */
function sharedEnd(node) {
  const code = ts.isNewExpression(node) && node.expression.getText() === 'Failure' ? node.arguments?.[0] : undefined;
  if (code === undefined || !ts.isTemplateExpression(code) || code.head.text !== '') return undefined;
  const [span] = code.templateSpans;
  return span.expression.getText() === 'code' && code.templateSpans.length === 1 ? span.literal.text : undefined;
}

/** The code of a subject that is set up: `{ code: 'cuda', name: 'CUDA' }`. */
function subjectCode(node) {
  if (!ts.isPropertyAssignment(node) || node.name.getText() !== 'code' || !ts.isStringLiteral(node.initializer)) return;
  const others = node.parent.properties.map((property) => property.name?.getText());
  return others.includes('name') && !others.includes('message') ? node.initializer.text : undefined;
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
