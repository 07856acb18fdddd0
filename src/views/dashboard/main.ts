import { readMemory } from '../../run/viewProtocol';
import type { ToDashboard } from '../../run/viewProtocol';
import { Dashboard } from './dashboard';

declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

const api = acquireVsCodeApi();
const root = document.getElementById('dashboard');
if (root === null) throw new Error('The page has no #dashboard.');
const dashboard = new Dashboard(
  root,
  { post: (message) => api.postMessage(message), remember: (memory) => api.setState(memory) },
  readMemory(api.getState()),
);
// Only the extension can send messages into a webview's frame; nothing else is loaded here.
window.addEventListener('message', ({ data }: MessageEvent<ToDashboard>) => dashboard.receive(data));
