import path from 'node:path';
import { formatBytes } from '../../../run/format';
import type { SetUpNews } from '../../../run/setUp';
import { printJson } from '../../command';
import type { CommandContext, CommandExit, CommandInput } from '../../command';
import { ProgressLine } from '../../progressLine';

/** What a stopped set-up says. */
export const stopped = 'The set-up was stopped: what was there before is as it was.';

/** Does what tells news, each step a line; of a download a line that moves, on a terminal. */
export async function tellingSteps<Result>(
  { stderr }: CommandContext,
  work: (onNews: (news: SetUpNews) => void) => Promise<Result>,
): Promise<Result> {
  const line = new ProgressLine(stderr);
  const onNews = (news: SetUpNews): void => {
    if (news.type === 'step') {
      line.end();
      stderr.line(`${news.step} …`);
    } else if (news.total_bytes !== null) {
      const words = `${formatBytes(news.done_bytes)} of ${formatBytes(news.total_bytes)}`;
      line.show(words, news.done_bytes, news.total_bytes);
    }
  };
  try {
    return await work(onNews);
  } finally {
    line.end();
  }
}

/** The file that an option names, as an absolute path. */
export function fileOf(option: string, input: CommandInput, { cwd }: CommandContext): string | null {
  const given = input.text(option);
  return given === undefined ? null : path.resolve(cwd, given);
}

/** Tells whether there was something to remove. */
export function tellRemoved(name: string, removed: boolean, context: CommandContext): CommandExit {
  if (context.isJson) printJson(context, { removed });
  else context.stdout.line(removed ? `${name} was removed.` : `${name} was not set up.`);
  return 0;
}
