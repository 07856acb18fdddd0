import path from 'node:path';
import { formatBytes, formatNumber } from '../../run/format';
import type { AdapterFacts } from '../adapters/adapterFacts';
import { escapeMarkdown } from './markdown';
import type { TreeNode } from './treeNode';

/** The Adapters view: by name, each with its training facts and files below. */
export function adapterTree(adapters: readonly AdapterFacts[]): readonly TreeNode[] {
  const sorted = [...adapters].sort((a, b) => a.name.localeCompare(b.name) || (a.folder < b.folder ? -1 : 1));
  return sorted.map(adapterNode);
}

function adapterNode(adapter: AdapterFacts): TreeNode {
  const { name, folder, problem } = adapter;
  return {
    id: folder,
    label: name,
    description: problem === null ? summary(adapter) : 'cannot be used',
    tooltip: tooltip(adapter),
    icon: problem === null ? 'layers' : 'warning',
    ...(problem === null ? {} : { color: 'list.warningForeground' }),
    context: 'adapter',
    path: folder,
    click: 'show-adapter',
    children: [...factNodes(adapter), ...fileNodes(adapter)],
  };
}

/** `on numbers · r 8 · 92 kB · loss 0.1487` */
function summary({ baseModel, r, bytes, finalLoss }: AdapterFacts): string {
  return [
    baseModel === null ? undefined : `on ${lastPart(baseModel)}`,
    r === null ? undefined : `r ${r}`,
    bytes === null ? undefined : formatBytes(bytes),
    finalLoss === null ? undefined : `loss ${formatNumber(finalLoss)}`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

function lastPart(baseModel: string): string {
  return baseModel.split(/[\\/]/).findLast((part) => part !== '' && part !== '.') ?? baseModel;
}

function tooltip(adapter: AdapterFacts): string {
  const { name, folder, problem, baseModel } = adapter;
  const lines = [
    `**${escapeMarkdown(name)}**`,
    ...(problem === null ? [] : [escapeMarkdown(problem)]),
    ...(baseModel === null ? [] : [`A LoRA adapter for ${escapeMarkdown(baseModel)}`]),
    escapeMarkdown(folder),
  ];
  return lines.join('\n\n');
}

/** What people look for first. */
const results = ['final loss', 'final eval_loss', 'optimizer steps'];

function factNodes(adapter: AdapterFacts): readonly TreeNode[] {
  const { folder, loraAlpha, targetModules, baseModel, r, training } = adapter;
  const targets = typeof targetModules === 'string' ? targetModules : targetModules?.join(', ');
  const card = new Map(training);
  const own: readonly (readonly [string, string | undefined])[] = [
    ['base model', baseModel ?? undefined],
    ...results.map((name) => [name, card.get(name)] as const),
    ['r', r?.toString()],
    ['lora_alpha', loraAlpha?.toString()],
    ['target_modules', targets],
  ];
  const names = new Set(own.map(([name]) => name));
  const facts = [...own, ...training.filter(([name]) => !names.has(name))];
  return facts.flatMap(([name, value]) =>
    value === undefined
      ? []
      : [{ id: `${folder}?${name}`, label: name, description: value, icon: 'symbol-constant', context: 'fact' }],
  );
}

function fileNodes({ folder, files }: AdapterFacts): readonly TreeNode[] {
  return files.map(({ name, bytes }) => ({
    id: path.join(folder, name),
    label: name,
    description: formatBytes(bytes),
    icon: name.endsWith('.safetensors') ? 'file-binary' : 'file',
    context: 'file',
    path: path.join(folder, name),
    ...(name.endsWith('.safetensors') ? {} : { click: 'open-file' as const }),
  }));
}
