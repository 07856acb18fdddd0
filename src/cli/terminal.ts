/** One of the process's two output streams, or a test's. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command may know of the world around it. */
export interface Surroundings {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Whether a person can answer questions. */
  readonly isInteractive: boolean;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
}

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan';

const codes: Readonly<Record<Colour, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
};

/** A stream with what it can show. */
export class Terminal {
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
  /** Whether block and braille characters can be shown. */
  readonly hasUnicode: boolean;
  readonly #stream: OutputStream;

  constructor(stream: OutputStream, { environment, platform }: Surroundings) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true && environment['TERM'] !== 'dumb';
    // https://no-color.org: any value that is not empty
    this.hasColour = this.isTerminal && (environment['NO_COLOR'] ?? '') === '';
    this.hasUnicode = knowsUnicode(environment, platform);
  }

  /** Characters in a line; 80 when nobody knows. */
  get columns(): number {
    const columns = this.#stream.columns ?? 0;
    return columns > 0 ? columns : 80;
  }

  write(text: string): void {
    this.#stream.write(text);
  }

  line(text = ''): void {
    this.#stream.write(`${text}\n`);
  }

  paint(colour: Colour, text: string): string {
    const [on, off] = codes[colour];
    return this.hasColour && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}

function knowsUnicode(environment: Surroundings['environment'], platform: string): boolean {
  if (environment['TERM'] === 'linux' || environment['TERM'] === 'dumb') return false;
  if (platform === 'win32') return 'WT_SESSION' in environment || environment['TERM_PROGRAM'] === 'vscode';
  const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find(
    (value) => (value ?? '') !== '',
  );
  // macOS starts programs without a locale and shows UTF-8 all the same.
  return locale === undefined ? platform === 'darwin' : /utf-?8/i.test(locale);
}

/** Text from a model or a file without the characters that would move the cursor or change colours. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
