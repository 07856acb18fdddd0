import { Failure } from '../../failure/failure';

export const logitsNotFinite = (): Failure =>
  new Failure('logits-not-finite', 'The model computed something that is no number, so there is no next word.', {
    hint: 'The adapter may have diverged while it was trained: use an earlier checkpoint, or train with a lower learning rate.',
    exitCode: 3,
  });
