import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gradients } from '../../../src/engine/autodiff/gradients';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import { printGraph } from '../../../src/engine/graph/print';

test('a program is printed one node a line, with types, attributes and places', () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'f32', ['N', 4]);
  const loss = b.within({ scope: 'model.layers.0.mlp', block: 0 }, () => {
    const h = b.op('rmsNorm', { epsilon: 1e-5 }, x, b.weight('norm.weight', [4]));
    const gate = b.matmul(h, b.weight('gate_proj.weight', [3, 4]), { transposeB: true });
    return b.reduceSum(b.op('swiglu', {}, gate, b.scale(gate, 0.5)), [0, 1]);
  });
  const [dx] = gradients(b, new Map([[loss, b.scalar(1)]]), [x]);
  const table = b.constant([0, 1, 2, 3, 4, 5], [3, 2]);
  const rows = b.gather(table, b.input('ids', 'i32', ['N']));
  assert.equal(
    printGraph(b.finish({ loss, dx: dx!, rows })),
    `\
%0 = input {name: "x"}() : f32[N, 4]
%1 = weight {name: "norm.weight", shape: [4]}() : f32[4]  # model.layers.0.mlp
%2 = rmsNorm {epsilon: 0.00001}(%0, %1) : f32[N, 4]  # model.layers.0.mlp
%3 = weight {name: "gate_proj.weight", shape: [3,4]}() : f32[3, 4]  # model.layers.0.mlp
%4 = matmul {transposeB: true, alpha: 1}(%2, %3) : f32[N, 3]  # model.layers.0.mlp
%5 = scale {factor: 0.5}(%4) : f32[N, 3]  # model.layers.0.mlp
%6 = swiglu(%4, %5) : f32[N, 3]  # model.layers.0.mlp
%7 = reduceSum {axes: [0,1]}(%6) : f32[]  # model.layers.0.mlp
%8 = constant {[1]}() : f32[]
%9 = reshape {shape: [1,1]}(%8) : f32[1, 1]  # model.layers.0.mlp (backward)
%10 = expand {shape: ["N",3]}(%9) : f32[N, 3]  # model.layers.0.mlp (backward)
%11 = swigluGrad(%4, %5, %10) : f32[N, 3], f32[N, 3]  # model.layers.0.mlp (backward)
%12 = scale {factor: 0.5}(%11.1) : f32[N, 3]  # model.layers.0.mlp (backward)
%13 = add(%11.0, %12) : f32[N, 3]  # model.layers.0.mlp (backward)
%14 = matmul {alpha: 1}(%13, %3) : f32[N, 4]  # model.layers.0.mlp (backward)
%15 = rmsNormGrad {epsilon: 0.00001}(%0, %1, %14) : f32[N, 4]  # model.layers.0.mlp (backward)
%16 = constant {[0, 1, 2, 3, …]}() : f32[3, 2]
%17 = input {name: "ids"}() : i32[N]
%18 = gather(%16, %17) : f32[N, 2]
return loss = %7, dx = %15, rows = %18`,
  );
});

test('results of one node are numbered', () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'f32', [2]);
  const [gate, up] = b.node('swigluGrad', {}, x, x, x).outputs;
  assert.equal(
    printGraph(b.finish({ gate: gate!, up: up! })),
    `\
%0 = input {name: "x"}() : f32[2]
%1 = swigluGrad(%0, %0, %0) : f32[2], f32[2]
return gate = %1.0, up = %1.1`,
  );
});

test('a broken program can be printed, too', () => {
  const b = new GraphBuilder();
  const { nodes, outputs } = b.finish({ y: b.scale(b.input('x', 'f32', [2]), 3) });
  assert.equal(
    printGraph({ nodes: nodes.slice(1), outputs }),
    `\
%0 = scale {factor: 3}(%?) : f32[2]
return y = %0`,
  );
});
