import { Failure } from '../../failure/failure';

export const runStateBroken = (file: string): Failure =>
  new Failure('run-state-broken', 'The state of this run cannot be read.', {
    hint: 'The file was changed by something else; start a new run.',
    place: { file },
  });

export const checkpointBroken = (folder: string, detail: string): Failure =>
  new Failure('checkpoint-broken', `The checkpoint cannot be used: ${detail}.`, {
    hint: 'Delete this checkpoint folder to resume from the one before it.',
    place: { file: folder },
  });

export const datasetChanged = (file: string): Failure =>
  new Failure('resume-dataset-changed', 'The dataset is no longer the one that this run was started with.', {
    hint: 'Restore the file, or start a new run (lora.init_from continues from an adapter).',
    place: { file },
  });

export const modelChanged = (folder: string): Failure =>
  new Failure('resume-model-changed', 'The base model is no longer the one that this run was started with.', {
    hint: 'Restore its files, or start a new run (lora.init_from continues from an adapter).',
    place: { file: folder },
  });
