import type { createEngine } from '../session';

export type Engine = ReturnType<typeof createEngine>;

/** Loaded with the first recipe: `initialize` must not wait for the runtime. */
export async function openEngine(): Promise<Engine> {
  const session = await import('../session');
  return session.createEngine();
}
