import type { RecipeDraft } from './draft';
import { removeKey } from './fix';
import type { Finding } from './recipeCheck';

interface NotBuiltValue {
  readonly path: readonly [string] | readonly [string, string];
  /** The value that the draft asks for, when it is one that is not built. */
  readonly asked: (draft: RecipeDraft) => string | undefined;
  /** What to write instead. */
  readonly instead: string;
}

/** The value, unless it is missing or one of those that are built. */
function unless(value: string | boolean | undefined, ...built: readonly (string | boolean)[]): string | undefined {
  return value === undefined || built.includes(value) ? undefined : JSON.stringify(value);
}

/** What the schema knows but the engine cannot do yet: refused in one sentence, never ignored. */
const notBuiltValues: readonly NotBuiltValue[] = [
  {
    path: ['task_type'],
    asked: (draft) => unless(draft.task_type, 'CAUSAL_LM'),
    instead: 'only "CAUSAL_LM" can be trained so far',
  },
  {
    path: ['lora', 'use_dora'],
    asked: (draft) => unless(draft.lora?.use_dora, false),
    instead: 'leave it false',
  },
  {
    path: ['lora', 'init_lora_weights'],
    asked: ({ lora }) =>
      /^(eva|corda|loftq|orthogonal)$/.test(String(lora?.init_lora_weights))
        ? JSON.stringify(lora!.init_lora_weights)
        : undefined,
    instead: 'use true, "gaussian", "pissa" or "olora"',
  },
  {
    path: ['dataset', 'format'],
    asked: (draft) => (draft.dataset?.format === 'image-folder' ? '"image-folder"' : undefined),
    instead: 'only text can be learnt so far',
  },
  {
    path: ['engine', 'quantization'],
    asked: ({ method, engine }) => (method === 'full' ? unless(engine?.quantization, 'none') : undefined),
    instead: 'with `method: "full"` all weights are trained, so use "none"',
  },
];

export function findNotBuilt(draft: RecipeDraft): readonly Finding[] {
  return notBuiltValues.flatMap(({ path, asked, instead }) => {
    const value = asked(draft);
    if (value === undefined) return [];
    const message = `\`${path.join('.')}: ${value}\` is not built yet; ${instead}.`;
    return [{ path, message, fixes: [removeKey(path)] }];
  });
}
