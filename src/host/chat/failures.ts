import { Failure } from '../../failure/failure';

export const chatPartUnsupported = (what: string): Failure =>
  new Failure('chat-part-unsupported', `Adapters read text alone, and this conversation has ${what}.`, {
    hint: 'Start a new chat, and ask with text.',
  });

export const chatToolsUnsupported = (): Failure =>
  new Failure('chat-tools-unsupported', 'Adapters call no tools, and this request wants one to be called.', {
    hint: 'Choose another model for what needs tools, or ask without them (Ask instead of Agent).',
  });

export const chatOptionInvalid = (name: string, wanted: string): Failure =>
  new Failure('chat-option-invalid', `The model option ${name} must be ${wanted}.`, {
    hint: 'Correct it where the request is made, or leave it out.',
  });
