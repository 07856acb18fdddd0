import os from 'node:os';
import path from 'node:path';

/** The folder for what can be made again, of this user and this program. */
export function userCacheFolder(): string {
  const xdg = process.env['XDG_CACHE_HOME'];
  const folders: Partial<Record<NodeJS.Platform, string>> = {
    win32: process.env['LOCALAPPDATA'] ?? path.join(os.homedir(), 'AppData', 'Local'),
    darwin: path.join(os.homedir(), 'Library', 'Caches'),
  };
  const folder = xdg !== undefined && xdg !== '' ? xdg : (folders[os.platform()] ?? path.join(os.homedir(), '.cache'));
  return path.join(folder, 'lora-workbench');
}
