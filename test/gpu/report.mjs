// The report of a measurement, for people.
import { tasks } from './training.mjs';

export function reportText(report) {
  const { parts, date, release, seconds, software } = report;
  const lines = [
    `# GPU, ${date.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    software === null
      ? ''
      : `**In software** (${software}): this says nothing of speed, and nothing of a real driver.\n`,
    `LoRA Workbench ${release.version}${release.commit === null ? '' : ` (${release.commit})`}, onnxruntime-node ${release.onnxruntime}; ` +
      `\`npm run test:gpu\`, ${seconds.toFixed(0)} s in all.`,
    '',
  ];
  const add = (title, key, words) => {
    const part = parts[key];
    if (part === undefined) return;
    lines.push(`## ${title}`, '');
    if (part.skipped !== undefined) lines.push(`Not measured: ${part.skipped}.`, '');
    else if (part.failed !== undefined) lines.push(`Failed: ${part.failed}`, '');
    else lines.push(...words(part), '');
  };
  add('The machine', 'machine', machineLines);
  add('`lora setup cuda`', 'setup', ({ done }) => [`${done}.`]);
  add('What `lora doctor` says', 'devices', deviceLines);
  for (const device of ['webgpu', 'cuda']) {
    add(`Who computes what: ${device}`, `placement-${device}`, placementLines);
    add(`Every op and family: ${device}`, `conformance-${device}`, conformanceLines);
  }
  for (const [name, { title, batch, length }] of Object.entries(tasks)) {
    add(`Training: ${title}, batch ${batch} × ${length}`, `training-${name}`, (part) =>
      trainingLines(part, parts.rival, name),
    );
  }
  add('The rival', 'rival', rivalLines);
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}

function machineLines(machine) {
  const {
    system,
    kernel,
    processor,
    cores,
    memoryGigabytes,
    node,
    nvidia,
    devices,
    vulkanLoader,
    vulkanDrivers,
    vulkan,
  } = machine;
  return [
    `- ${system}, kernel ${kernel}; ${processor}, ${cores} cores, ${memoryGigabytes.toFixed(0)} GB; Node ${node}`,
    `- nvidia-smi: ${nvidia.replaceAll('\n', '; ')}`,
    `- devices: ${devices.join(', ') || 'none'}`,
    `- Vulkan: loader ${vulkanLoader ?? 'not found'}; drivers ${vulkanDrivers.join(', ') || 'none'}`,
    ...(/ not there$/.test(vulkan) ? [`- ${vulkan}`] : ['', '```', vulkan.trim(), '```']),
  ];
}

function deviceLines({ devices, chosen }) {
  return [
    ...table(
      ['device', 'runtime', 'can train', 'computes in', 'why'],
      devices.map(({ device, runtime, usable, precisions, reason }) => {
        return [device, runtime, usable ? 'yes' : 'no', precisions.join(', '), reason];
      }),
    ),
    '',
    `\`auto\` takes ${chosen.device}. ${chosen.reason}`,
  ];
}

function placementLines({ providers }) {
  return table(
    ['provider', 'operators that compute', 'that handle sizes', 'which compute'],
    providers.map(({ provider, compute, sizes, ops }) => [provider, compute, sizes, most(ops)]),
  );
}

/** The most frequent ones. */
function most(ops) {
  const sorted = Object.entries(ops).sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, 8).map(([op, count]) => `${op} ${count}`);
  return [...shown, ...(sorted.length > 8 ? [`${sorted.length - 8} more kinds`] : [])].join(', ');
}

function conformanceLines({ isComplete, passed, failures }) {
  const end = isComplete ? '' : ' The time was over before all had run.';
  return [
    `${passed} passed, ${failures.length} failed.${end}`,
    ...(failures.length === 0
      ? []
      : ['', ...failures.slice(0, 40).map(({ name, error }) => `- ${name}: ${error.slice(0, 200)}`)]),
  ];
}

function trainingLines({ runs }, rival, name) {
  const peft = rival?.tasks?.[name];
  const rows = runs.map(({ device, precision, error, losses, tokensPerSecond, firstStepSeconds, apart, card }) => [
    `${device}, ${precision}`,
    tokensPerSecond === null ? '' : tokensPerSecond.toFixed(0),
    firstStepSeconds === null ? '' : firstStepSeconds.toFixed(1),
    losses.length === 0 ? '' : `${losses[0].toFixed(4)} → ${losses.at(-1).toFixed(4)}`,
    apart === null || device === 'cpu' ? '' : apart.toExponential(1),
    card === undefined
      ? ''
      : `${(card.peakMegabytes - card.beforeMegabytes).toFixed(0)} MB, ${card.busyPercent.toFixed(0)} %`,
    error ?? '',
  ]);
  if (peft !== undefined) {
    rows.push(['PEFT, bf16', peft.tokensPerSecond.toFixed(0), '', '', '', `${peft.peakMegabytes.toFixed(0)} MB`, '']);
  }
  return table(['', 'tokens/s', 'first step, s', 'loss', 'apart from cpu', "card's memory, busy", 'problem'], rows);
}

function rivalLines({ tasks: found }) {
  const [first] = Object.values(found);
  if (first === undefined) return ['Not measured: the time was over.'];
  return [
    `PEFT ${first.peft}, Transformers ${first.transformers}, PyTorch ${first.torch}, bf16, SDPA; in the tables above.`,
  ];
}

function table(head, rows) {
  const line = (cells) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
