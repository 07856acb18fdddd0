import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gradients } from '../../../src/engine/autodiff/gradients';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import type { Op, Value } from '../../../src/engine/graph/types';
import { readModel } from '../../../src/engine/models/families';
import { plainLayers } from '../../../src/engine/models/model';

test('the gradients of queries, keys and values are put side by side, no zeros are added', () => {
  const model = readModel({ model_type: 'gpt2', n_embd: 16, n_layer: 3, n_head: 2, vocab_size: 64 });
  const b = new GraphBuilder();
  const tokens = (name: string): Value => b.input(name, 'i32', ['B', 'T']);
  const inputs = { ids: tokens('ids'), positions: tokens('positions'), segments: tokens('segments'), maxLength: 8 };
  const trained = 'transformer.h.0.attn.c_attn.weight';
  const layers = plainLayers(b, model, new Set([trained]));
  const hidden = model.hidden(layers, inputs);
  const seed = b.expand(b.scalar(1), hidden.shape);
  const [gradient] = gradients(b, new Map([[hidden, seed]]), [layers.parameter(trained)]);

  const { nodes } = b.finish({ gradient: gradient! });
  const count = (op: Op): number => nodes.filter((node) => node.op === op && node.phase === 'backward').length;
  assert.equal(count('concat'), 3);
  assert.equal(count('expand'), 0);
});
