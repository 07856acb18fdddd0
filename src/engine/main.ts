import { serve } from './process/serve';

/** Entry point of `dist/engine.js`, the process that trains for the editor. */
serve();
