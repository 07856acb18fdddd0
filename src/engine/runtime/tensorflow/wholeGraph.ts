import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Binding } from './binding';
import type { Plan, Slot } from './plan';
import { encodeSavedModel, nameOf, tag } from './savedModel';

/**
 * A plan that TensorFlow runs as one graph: it merges kernels, computes in the memory of what nobody reads any more, and does
 * side by side what does not depend on each other. Weights are fed where they lie, without a copy.
 */
export class WholeGraph {
  readonly #model: number;
  readonly #fed: readonly Slot[];
  readonly #wanted: readonly Slot[];

  constructor(
    private readonly binding: Binding,
    plan: Plan,
  ) {
    this.#fed = [...plan.inputs, ...plan.sizes, ...plan.weights].map(({ slot }) => slot);
    // What is fed or constant is there already.
    const computed = new Set(plan.kernels.flatMap(({ results }) => results));
    this.#wanted = [...new Set(plan.outputs.map(({ slot }) => slot))].filter((slot) => computed.has(slot));
    const folder = mkdtempSync(path.join(tmpdir(), 'lora-tensorflow-'));
    try {
      writeFileSync(path.join(folder, 'saved_model.pb'), encodeSavedModel(plan));
      this.#model = binding.loadSavedModel(folder, tag);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Reads the tensors of what is fed, and adds those of the results. */
  run(tensors: Map<Slot, number>): void {
    if (this.#wanted.length === 0) return;
    const given = this.#fed.map((slot) => tensors.get(slot)!);
    const results = this.binding.runSavedModel(this.#model, given, names(this.#fed), names(this.#wanted));
    this.#wanted.forEach((slot, i) => tensors.set(slot, results[i]!.id));
  }

  dispose(): void {
    this.binding.deleteSavedModel(this.#model);
  }
}

function names(slots: readonly Slot[]): string {
  return slots.map((slot) => `${nameOf(slot)}:0`).join();
}
