/**
 * How numbers are stored in GGUF files: `block` consecutive numbers of a row in `bytes` bytes. Numbers and names are those
 * of ggml (`ggml_type`).
 */
export interface GgufTypeInfo {
  readonly id: number;
  readonly block: number;
  readonly bytes: number;
}

export const ggufTypes = {
  F32: { id: 0, block: 1, bytes: 4 },
  F16: { id: 1, block: 1, bytes: 2 },
  BF16: { id: 30, block: 1, bytes: 2 },
  Q4_0: { id: 2, block: 32, bytes: 18 },
  Q4_1: { id: 3, block: 32, bytes: 20 },
  Q5_0: { id: 6, block: 32, bytes: 22 },
  Q5_1: { id: 7, block: 32, bytes: 24 },
  Q8_0: { id: 8, block: 32, bytes: 34 },
  Q2_K: { id: 10, block: 256, bytes: 84 },
  Q3_K: { id: 11, block: 256, bytes: 110 },
  Q4_K: { id: 12, block: 256, bytes: 144 },
  Q5_K: { id: 13, block: 256, bytes: 176 },
  Q6_K: { id: 14, block: 256, bytes: 210 },
} as const satisfies Record<string, GgufTypeInfo>;

export type GgufType = keyof typeof ggufTypes;

/** Types whose numbers are whole numbers in groups with a scale. */
export type GgufBlockType = Exclude<GgufType, 'F32' | 'F16' | 'BF16'>;

const byId = new Map(Object.entries(ggufTypes).map(([name, { id }]): [number, GgufType] => [id, name as GgufType]));

export function ggufTypeOf(id: number): GgufType | undefined {
  return byId.get(id);
}

/** Types that ggml knows and this engine does not read, for messages. */
const otherTypes: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
  40: 'NVFP4',
};

export function otherTypeName(id: number): string {
  return otherTypes[id] ?? `number ${id}`;
}

export function isBlockType(type: GgufType): type is GgufBlockType {
  return ggufTypes[type].block > 1;
}
