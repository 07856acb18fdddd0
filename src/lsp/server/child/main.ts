import { holdLifeline } from '../../../engine/process/lifeline';
import { answerQuestions } from './answer';

/** Entry point of `dist/recipeFacts.js`, a child of the language server: there is nothing to finish for one that is gone. */
holdLifeline(0, () => process.exit(1));
answerQuestions();
