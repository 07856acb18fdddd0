import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemErrorCode, whyUnreadable } from '../../formats/failures';
import { datasetEncoding, datasetMissing, datasetUnreadable, RowProblem } from '../failures';

/** A file read by position. */
export interface ByteFile {
  readonly path: string;
  readonly size: number;
  /** Where the text begins: 3 after a UTF-8 byte order mark, else 0. */
  readonly start: number;
  /** At most `length` bytes from `position`; fewer only at the end of the file. The buffer is the caller's. */
  read(position: number, length: number): Buffer;
  close(): void;
}

/** @throws Failure `dataset-missing`, `dataset-unreadable`, `dataset-encoding` */
export function openByteFile(path: string): ByteFile {
  const fd = openFile(path);
  const size = fstatSync(fd).size;
  const read = (position: number, length: number): Buffer => {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - position)));
    let filled = 0;
    while (filled < buffer.length) {
      const got = readSync(fd, buffer, filled, buffer.length - filled, position + filled);
      if (got === 0) break;
      filled += got;
    }
    return buffer.subarray(0, filled);
  };
  const head = read(0, 3);
  const utf16 = head[0] === 0xff && head[1] === 0xfe ? 'LE' : head[0] === 0xfe && head[1] === 0xff ? 'BE' : undefined;
  if (utf16 !== undefined) {
    closeSync(fd);
    throw datasetEncoding(path, `UTF-16 ${utf16}`);
  }
  const start = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  return { path, size, start, read, close: () => closeSync(fd) };
}

function openFile(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') throw datasetMissing(path);
    throw datasetUnreadable(path, whyUnreadable(error), error);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw datasetUnreadable(path, 'it is a folder, not a file');
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws RowProblem if the bytes are not UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new RowProblem(
      'its bytes are not valid UTF-8',
      'Save the file again as UTF-8; in VS Code: "Save with Encoding" in the status bar.',
      error,
    );
  }
}
