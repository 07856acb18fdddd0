import { Failure } from '../../../failure/failure';

/** What a client did wrong or cannot have, as OpenAI's interface says it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly details: {
      readonly code?: string;
      readonly param?: string;
      readonly headers?: Record<string, string>;
    } = {},
  ) {
    super(message);
  }

  get body(): unknown {
    const { code = null, param = null } = this.details;
    return { error: { message: this.message, type: typeOf(this.status), param, code } };
  }
}

export const badRequest = (message: string, param?: string): ApiError =>
  new ApiError(400, message, param === undefined ? {} : { param });

/** Codes of failures that are the request's fault, with their status and what OpenAI calls them where it has a name. */
const requestFailures: Readonly<Record<string, readonly [status: number, code: string]>> = {
  'prompt-too-long': [400, 'context_length_exceeded'],
  'prompt-empty': [400, 'prompt_empty'],
  'chat-template-missing': [400, 'chat_template_missing'],
  'chat-template-refused': [400, 'chat_template_refused'],
  // It was there when the request was read.
  'adapter-unknown': [404, 'model_not_found'],
};

/** Any error as what the client is told; what is no fault of anybody's is not told in detail. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof Failure))
    return new ApiError(500, 'The server has met an error of its own; its log says more.');
  const [status, code] = requestFailures[error.code] ?? [500, error.code];
  const message = error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  return new ApiError(status, message, { code });
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}
