import { dataType } from './binding';
import type { ElementType } from './binding';
import type { Kernel } from './plan';

/** An attribute of a kernel that is the element type of one of its inputs. */
interface TypeAttribute {
  readonly name: string;
  readonly input: number;
}

const elements: TypeAttribute = { name: 'T', input: 0 };
const second = (name: string): readonly TypeAttribute[] => [elements, { name, input: 1 }];

/** As TensorFlow's op definitions have them (array_ops.cc, math_ops.cc); all others have `T` alone. */
const byOp: Readonly<Record<string, readonly TypeAttribute[]>> = {
  BroadcastTo: second('Tidx'),
  Cast: [{ name: 'SrcT', input: 0 }],
  ConcatV2: [],
  ExpandDims: second('Tdim'),
  GatherV2: [
    { name: 'Tparams', input: 0 },
    { name: 'Tindices', input: 1 },
    { name: 'Taxis', input: 2 },
  ],
  LogicalAnd: [],
  Max: second('Tidx'),
  Mean: second('Tidx'),
  OneHot: [
    { name: 'TI', input: 0 },
    { name: 'T', input: 2 },
  ],
  Reshape: second('Tshape'),
  Roll: [...second('Tshift'), { name: 'Taxis', input: 2 }],
  SelectV2: [{ name: 'T', input: 1 }],
  Slice: second('Index'),
  Sum: second('Tidx'),
  Transpose: second('Tperm'),
  UnsortedSegmentSum: [...second('Tindices'), { name: 'Tnumsegments', input: 2 }],
};

/** The attributes of an op that follow from the element types of its inputs: in a graph they must be written. */
export function typeAttributes(op: string): readonly TypeAttribute[] {
  return byOp[op] ?? [elements];
}

const compares: ReadonlySet<string> = new Set(['Equal', 'Less', 'LessEqual', 'Greater', 'LogicalAnd']);

/** The element type of a kernel's result. */
export function resultType({ op, attributes }: Kernel, inputs: readonly ElementType[]): ElementType {
  if (compares.has(op)) return 'bool';
  if (op === 'OneHot') return inputs[2]!;
  if (op === 'SelectV2') return inputs[1]!;
  if (op !== 'Cast' && op !== 'Bitcast') return inputs[0]!;
  const target = attributes.find(({ name }) => name === 'DstT' || name === 'type')!.value;
  return (Object.keys(dataType) as ElementType[]).find((dtype) => dataType[dtype] === target)!;
}
