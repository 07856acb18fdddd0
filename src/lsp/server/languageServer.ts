import { serveLanguage } from './serve';

/** Entry point of `dist/languageServer.js`, the process that VS Code starts. */
serveLanguage('ipc');
