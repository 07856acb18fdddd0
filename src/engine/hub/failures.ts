import { Failure } from '../../failure/failure';
import { formatBytes } from '../../run/format';

export const hubIdInvalid = (text: string): Failure =>
  new Failure('hub-id-invalid', `"${text}" cannot be the id of a model on the Hugging Face hub.`, {
    hint: 'An id looks like HuggingFaceTB/SmolLM2-135M-Instruct: the last two parts of the address of its page.',
    exitCode: 2,
  });

export const hubRevisionInvalid = (revision: string): Failure =>
  new Failure('hub-revision-invalid', `"${revision}" cannot be a revision of a model.`, {
    hint: 'A revision is a branch such as main, a tag, or a commit.',
    exitCode: 2,
  });

export const hubTokenInvalid = (source: string): Failure =>
  new Failure('hub-token-invalid', `${source} holds no Hugging Face token: one is a single word such as hf_….`, {
    hint: 'Copy a token from https://huggingface.co/settings/tokens; one that may only read is enough.',
  });

export const hubOffline = (id: string): Failure =>
  new Failure('hub-offline', `${id} is not in the local cache in full, and HF_HUB_OFFLINE forbids to ask the hub.`, {
    hint: 'Take HF_HUB_OFFLINE out of the environment, or copy the model into the cache from another computer.',
    exitCode: 3,
  });

export const hubUnreachable = (endpoint: string, reason: string, cause: unknown): Failure =>
  new Failure('hub-unreachable', `The hub at ${endpoint} cannot be reached: ${reason}.`, {
    hint: hasProxy()
      ? 'Look at the network. A proxy is set in the environment: Node uses it only with NODE_USE_ENV_PROXY=1 (Node 24 or newer).'
      : 'Look at the network, then try again: what has arrived is kept.',
    exitCode: 3,
    cause,
  });

export const hubModelNotFound = (id: string, hasToken: boolean): Failure =>
  new Failure(
    'hub-model-not-found',
    `The hub shows no model "${id}"${hasToken ? ' to the owner of this token' : ''}.`,
    {
      hint: hasToken
        ? 'Check the spelling. If the model is private, the token must be of somebody who may read it.'
        : 'Check the spelling. If the model is private, give a token that may read it.',
    },
  );

export const hubRevisionNotFound = (id: string, revision: string): Failure =>
  new Failure('hub-revision-not-found', `${id} has no revision "${revision}".`, {
    hint: 'The hub lists branches, tags and commits on the page of the model; without a revision main is taken.',
  });

export const hubModelGated = (id: string, endpoint: string, hasToken: boolean): Failure =>
  new Failure('hub-model-gated', `${id} is only given to people who have accepted its licence on the hub.`, {
    hint: hasToken
      ? `This token is not of such a person yet: accept the licence on ${endpoint}/${id}; some authors then look at it first.`
      : `Accept the licence on ${endpoint}/${id}, then give a token from ${endpoint}/settings/tokens.`,
  });

export const hubTokenRefused = (endpoint: string): Failure =>
  new Failure('hub-token-refused', 'The hub does not know this token: it may be misspelt, expired or deleted.', {
    hint: `Make a new one on ${endpoint}/settings/tokens, or leave it out for models that are open to all.`,
  });

export const hubForbidden = (id: string, reason: string): Failure =>
  new Failure('hub-forbidden', `The hub does not give ${id}: ${reason}.`, {
    hint: 'Its page on the hub may say why. A token needs the permission to read the model.',
  });

export const hubAnswerInvalid = (what: string): Failure =>
  new Failure('hub-answer-invalid', `The hub gave an answer that is not understood: ${what}.`, {
    hint: 'Try again later. With HF_ENDPOINT set, check that it is the address of a hub.',
    exitCode: 3,
  });

export const publishNeedsToken = (): Failure =>
  new Failure('publish-needs-token', 'To publish an adapter the hub must know who does it, and there is no token.', {
    hint: 'Make one that may write on https://huggingface.co/settings/tokens.',
  });

export const publishOffline = (): Failure =>
  new Failure('publish-offline', 'HF_HUB_OFFLINE forbids to ask the hub, so nothing can be published.', {
    hint: 'Take HF_HUB_OFFLINE out of the environment.',
    exitCode: 3,
  });

export const publishIsPublic = (repo: string, url: string): Failure =>
  new Failure('publish-is-public', `${repo} is public, and the adapter was to be private. Nothing was uploaded.`, {
    hint: `Make the repository private on ${url}/settings, choose another name, or leave --private out.`,
    exitCode: 2,
  });

/** `reason` is what the hub says. */
export const publishRefused = (repo: string, reason: string): Failure =>
  new Failure('publish-refused', `The hub does not let this token write to ${repo}: ${reason}.`, {
    hint: 'The token needs the permission to write, and its owner must be allowed to write there.',
  });

export const publishRejected = (repo: string, reason: string): Failure =>
  new Failure('publish-rejected', `The hub does not take the files for ${repo}: ${reason}.`, {
    hint: 'Nothing was changed there. Correct what it names, then publish again.',
    exitCode: 3,
  });

export const publishDiffers = (repo: string, file: string): Failure =>
  new Failure('publish-differs', `${file} on ${repo} is not the file that was uploaded.`, {
    hint: 'Publish again. If it happens again, look at what else writes to the repository.',
    exitCode: 3,
  });

export const downloadCutOff = (file: string, reason: string, cause: unknown): Failure =>
  new Failure('download-cut-off', `The download of ${file} breaks off again and again: ${reason}.`, {
    hint: 'Start it again when the network is better: it goes on where it stopped.',
    exitCode: 3,
    cause,
  });

export const downloadDamaged = (file: string): Failure =>
  new Failure(
    'download-damaged',
    `${file} arrived twice with other bytes than the hub announces, and was thrown away.`,
    {
      hint: 'Something between here and the hub changes or mixes up files, often a proxy: try another network.',
      exitCode: 3,
    },
  );

export const downloadNeedsSpace = (folder: string, needed: number, free: number): Failure =>
  new Failure(
    'download-needs-space',
    `The download needs ${formatBytes(needed)} on the disk, but only ${formatBytes(free)} are free.`,
    {
      hint: 'Free some space, or name a folder on another disk in HF_HUB_CACHE. Nothing was fetched.',
      place: { file: folder },
      exitCode: 3,
    },
  );

function hasProxy(): boolean {
  return ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => (process.env[name] ?? '') !== '');
}
