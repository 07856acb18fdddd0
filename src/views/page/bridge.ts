/** The extension, as a page reaches it. */
export interface Bridge<Sent, Memory> {
  post(message: Sent): void;
  /** Kept by VS Code over a reload of the window. */
  remember(memory: Memory): void;
}

declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

/** What a page can show itself in, and what it needs for that. */
export interface PageParts<Sent, Memory> {
  readonly root: HTMLElement;
  readonly bridge: Bridge<Sent, Memory>;
  /** What was remembered, as VS Code gives it back. */
  readonly remembered: unknown;
}

/** A page that is told things. */
interface Page {
  /** Gets what the extension sends. */
  receive(message: unknown): void;
}

/** Starts a page in the element `name`. */
export function startPage<Sent, Memory>(name: string, start: (parts: PageParts<Sent, Memory>) => Page): void {
  const api = acquireVsCodeApi();
  const root = document.getElementById(name);
  if (root === null) throw new Error(`The page has no #${name}.`);
  const bridge = {
    post: (message: Sent) => api.postMessage(message),
    remember: (memory: Memory) => api.setState(memory),
  };
  const page = start({ root, bridge, remembered: api.getState() });
  // Only the extension can send messages into a webview's frame; nothing else is loaded here.
  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => page.receive(data));
}
