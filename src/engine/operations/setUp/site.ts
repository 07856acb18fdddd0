import type { SetUpNews } from '../../../run/setUp';
import { folderBytes } from '../folderBytes';

/** Where the parts come together. */
export interface Site {
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A site, and who is told what happens there. */
export interface ToldSite extends Site {
  readonly onNews: (news: SetUpNews) => void;
}

/** Milliseconds between two looks at how much has arrived. */
const lookTime = 400;

/** Tells how many bytes a folder holds while `work` goes on: what fetches files into it says it in no stable way. */
export async function tellingBytes<Result>(
  folder: string,
  totalBytes: number | null,
  onNews: ToldSite['onNews'],
  work: () => Promise<Result>,
): Promise<Result> {
  let last = 0;
  const look = setInterval(() => {
    void folderBytes(folder).then((bytes) => {
      const done = totalBytes === null ? bytes : Math.min(bytes, totalBytes);
      if (done <= last) return;
      last = done;
      onNews({ type: 'progress', done_bytes: done, total_bytes: totalBytes });
    });
  }, lookTime);
  try {
    return await work();
  } finally {
    clearInterval(look);
  }
}
