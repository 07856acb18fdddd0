import { PbfWriter } from 'pbf';
import type { Shape } from '../../graph/types';
import { attributeType, dataType } from './binding';
import type { ElementType, OpAttribute } from './binding';
import { givenAs } from './plan';
import type { Constant, Plan, Slot } from './plan';
import { resultType, typeAttributes } from './kernelTypes';

/** The set of a model that is loaded; of several tags a SavedModel may have, ours has this one. */
export const tag = 'serve';

/** The newest version of `GraphDef` that TensorFlow 2.15 reads and older ones back to 2.0 do, too. */
const producer = 1087;

/** What stands in a graph for the tensor of a slot. */
export function nameOf(slot: Slot): string {
  return `s${slot}`;
}

/**
 * A plan as the file `saved_model.pb`, by which TensorFlow runs it as a whole. Inputs, sizes and weights are fed in each run;
 * constants lie in it. Field numbers as in TensorFlow's saved_model.proto, meta_graph.proto, graph.proto, node_def.proto,
 * attr_value.proto and tensor.proto (https://github.com/tensorflow/tensorflow/tree/v2.15.1/tensorflow/core).
 */
export function encodeSavedModel(plan: Plan): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 1);
  pbf.writeMessage(2, writeMetaGraph, plan);
  return pbf.finish();
}

function writeMetaGraph(plan: Plan, pbf: PbfWriter): void {
  pbf.writeMessage(1, (name: string, info) => info.writeStringField(4, name), tag);
  pbf.writeMessage(2, writeGraph, plan);
}

interface GraphNode {
  readonly op: string;
  readonly slot: Slot;
  readonly inputs: readonly string[];
  readonly attributes: readonly OpAttribute[];
  readonly constant?: Constant;
  /** Of a placeholder. */
  readonly shape?: Shape;
}

function writeGraph(plan: Plan, pbf: PbfWriter): void {
  for (const node of nodesOf(plan)) pbf.writeMessage(1, writeNode, node);
  pbf.writeMessage(4, (version: number, versions) => versions.writeVarintField(1, version), producer);
}

function nodesOf(plan: Plan): readonly GraphNode[] {
  const types = new Map<Slot, ElementType>();
  const nodes: GraphNode[] = [];
  const place = (slot: Slot, dtype: ElementType, shape: Shape): void => {
    types.set(slot, dtype);
    nodes.push({ op: 'Placeholder', slot, inputs: [], attributes: [typeOf('dtype', dtype)], shape });
  };
  for (const { slot, dtype, shape } of plan.inputs) place(slot, dtype, shape);
  for (const { slot, sizes } of plan.sizes) place(slot, 'i32', Array.isArray(sizes) ? [sizes.length] : []);
  for (const weight of plan.weights) {
    const { dtype, shape } = givenAs(weight);
    place(weight.slot, dtype, shape);
  }
  for (const constant of plan.constants) {
    const { slot, dtype } = constant;
    types.set(slot, dtype);
    nodes.push({ op: 'Const', slot, inputs: [], attributes: [typeOf('dtype', dtype)], constant });
  }
  for (const kernel of plan.kernels) {
    const { op, inputs, after = [], results, attributes } = kernel;
    const given = inputs.map((slot) => types.get(slot)!);
    const [slot] = results as [Slot];
    types.set(slot, resultType(kernel, given));
    const written = new Set(attributes.map(({ name }) => name));
    nodes.push({
      op,
      slot,
      inputs: [...inputs.map(nameOf), ...after.map((one) => `^${nameOf(one)}`)],
      attributes: [
        ...attributes,
        ...typeAttributes(op)
          .filter(({ name }) => !written.has(name))
          .map(({ name, input }) => typeOf(name, given[input]!)),
      ],
    });
  }
  return nodes;
}

function typeOf(name: string, dtype: ElementType): OpAttribute {
  return { name, type: attributeType.type, value: dataType[dtype] };
}

function writeNode({ op, slot, inputs, attributes, constant, shape }: GraphNode, pbf: PbfWriter): void {
  pbf.writeStringField(1, nameOf(slot));
  pbf.writeStringField(2, op);
  for (const input of inputs) pbf.writeStringField(3, input);
  for (const attribute of attributes) pbf.writeMessage(5, writeAttribute, attribute);
  if (constant !== undefined) pbf.writeMessage(5, writeValueAttribute, constant);
  if (shape !== undefined) pbf.writeMessage(5, writeShapeAttribute, shape);
}

function writeAttribute(attribute: OpAttribute, pbf: PbfWriter): void {
  pbf.writeStringField(1, attribute.name);
  pbf.writeMessage(2, writeAttributeValue, attribute);
}

function writeAttributeValue({ type, value }: OpAttribute, pbf: PbfWriter): void {
  if (typeof value === 'boolean') pbf.writeBooleanField(5, value);
  else if (type === attributeType.type) pbf.writeVarintField(6, value);
  else pbf.writeVarintField(3, value);
}

function writeValueAttribute(constant: Constant, pbf: PbfWriter): void {
  pbf.writeStringField(1, 'value');
  pbf.writeMessage(2, (one: Constant, value) => value.writeMessage(8, writeTensor, one), constant);
}

function writeTensor({ dtype, shape, data }: Constant, pbf: PbfWriter): void {
  pbf.writeVarintField(1, dataType[dtype]);
  pbf.writeMessage(2, writeShape, shape);
  pbf.writeBytesField(4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeShapeAttribute(shape: Shape, pbf: PbfWriter): void {
  pbf.writeStringField(1, 'shape');
  pbf.writeMessage(2, (one: Shape, value) => value.writeMessage(7, writeShape, one), shape);
}

/** Sizes that only a run knows are -1. */
function writeShape(shape: Shape, pbf: PbfWriter): void {
  for (const size of shape) {
    pbf.writeMessage(2, (one: number, dim) => dim.writeVarintField(1, one), typeof size === 'number' ? size : -1);
  }
}
