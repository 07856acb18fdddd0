import { formatBytes } from '../../run/format';
import { printJson, type Command } from '../command';
import { tableLines } from '../table';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'What this machine can train on, and why',
  arguments: [],
  options: {},
  stopsWhenAsked: false,
  async run(_input, context) {
    const report = await (await context.engine()).doctor();
    if (context.isJson) {
      printJson(context, report);
      return 0;
    }
    const { stdout } = context;
    stdout.line(`${report.cpu}, ${report.cores} ${report.cores === 1 ? 'core' : 'cores'}`);
    stdout.line(`${formatBytes(report.memory_bytes)} of memory, ${formatBytes(report.free_memory_bytes)} of it free`);
    stdout.line(`${report.platform}, Node ${report.node}`);
    stdout.line();
    const rows = report.devices.map((device) => {
      return [device.device, device.runtime, device.usable ? 'yes' : 'no', device.reason];
    });
    for (const line of tableLines(['DEVICE', 'RUNTIME', 'CAN TRAIN', 'WHY'], rows)) stdout.line(line);
    stdout.line();
    stdout.line(`Recipes train on ${report.chosen.device}. ${report.chosen.reason}`);
    if (report.notes.length > 0) stdout.line();
    for (const note of report.notes) stdout.line(note);
    return 0;
  },
};
