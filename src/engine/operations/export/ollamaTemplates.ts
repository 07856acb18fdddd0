import type { ChatMessage, ChatTemplate } from '../../data/chatTemplate';

/** A way in which models mark turns, in the words of Ollama's templates (Go's text/template). */
export interface OllamaDialect {
  readonly name: string;
  readonly template: string;
  /** What ends an answer. */
  readonly stops: readonly string[];
}

interface Dialect extends OllamaDialect {
  readonly system: readonly [before: string, after: string];
  /** What the template gives for such messages, with the beginning of the answer. */
  readonly render: (messages: readonly { readonly role: string; readonly content: string }[]) => string;
}

/** `before` and `after` a turn's text, by its role. */
interface Marks {
  readonly system: readonly [before: string, after: string];
  readonly user: readonly [before: string, after: string];
  readonly assistant: readonly [before: string, after: string];
}

function turns(name: string, marks: Marks, stops: readonly string[]): Dialect {
  const { system, assistant } = marks;
  const branch = (role: keyof Marks): string => `${marks[role][0]}{{ .Content }}${marks[role][1]}`;
  return {
    name,
    stops,
    system,
    template:
      `{{- if .System }}${system[0]}{{ .System }}${system[1]}{{ end }}` +
      `{{- range .Messages }}{{ if eq .Role "user" }}${branch('user')}` +
      `{{ else if eq .Role "assistant" }}${branch('assistant')}{{ end }}{{ end }}${assistant[0]}`,
    render: (messages) =>
      messages.map(({ role, content }) => marks[role as keyof Marks].join(content)).join('') + assistant[0],
  };
}

const dialects: readonly Dialect[] = [
  turns(
    'ChatML',
    {
      system: ['<|im_start|>system\n', '<|im_end|>\n'],
      user: ['<|im_start|>user\n', '<|im_end|>\n'],
      assistant: ['<|im_start|>assistant\n', '<|im_end|>\n'],
    },
    ['<|im_end|>'],
  ),
  turns(
    'Llama 3',
    {
      system: ['<|start_header_id|>system<|end_header_id|>\n\n', '<|eot_id|>'],
      user: ['<|start_header_id|>user<|end_header_id|>\n\n', '<|eot_id|>'],
      assistant: ['<|start_header_id|>assistant<|end_header_id|>\n\n', '<|eot_id|>'],
    },
    ['<|eot_id|>'],
  ),
  turns(
    'Zephyr',
    {
      system: ['<|system|>\n', '</s>\n'],
      user: ['<|user|>\n', '</s>\n'],
      assistant: ['<|assistant|>\n', '</s>\n'],
    },
    ['</s>'],
  ),
  turns('Mistral', { system: ['', ''], user: ['[INST] ', ' [/INST]'], assistant: ['', '</s>'] }, ['</s>']),
  {
    ...turns('Mistral 3', { system: ['', ''], user: ['[INST] ', '[/INST]'], assistant: [' ', '</s>'] }, ['</s>']),
    render: (messages) =>
      messages.map(({ role, content }) => (role === 'user' ? `[INST] ${content}[/INST]` : ` ${content}</s>`)).join(''),
    template:
      '{{- range $i, $_ := .Messages }}{{ if eq .Role "user" }}[INST] {{ if and (eq $i 0) $.System }}{{ $.System }}\n\n' +
      '{{ end }}{{ .Content }}[/INST]{{ else if eq .Role "assistant" }} {{ .Content }}</s>{{ end }}{{ end }}',
  },
];

const question = { role: 'user', content: 'How are you?' };
const conversations: readonly (readonly { readonly role: string; readonly content: string }[])[] = [
  [question],
  [question, { role: 'assistant', content: 'Well.' }, { role: 'user', content: 'Why?' }],
];
const withSystem = [{ role: 'system', content: 'Be brief.' }, question];

/** What a chat template says in Ollama's words. */
export interface OllamaChat {
  readonly dialect: OllamaDialect;
  /** What the template tells the model where there is no message of the system's. */
  readonly system: string | undefined;
}

/**
 * The dialect that a chat template speaks, found by what it makes of conversations: the same text to the letter, but for
 * the token at its beginning (`bos`), which Ollama adds by itself. Undefined where none gives the same.
 */
export function ollamaChat(template: ChatTemplate, bos: string): OllamaChat | undefined {
  const said = (messages: readonly ChatMessage[]): string | undefined => {
    try {
      const text = template.render(messages, { addGenerationPrompt: true });
      return bos !== '' && text.startsWith(bos) ? text.slice(bos.length) : text;
    } catch {
      // Templates may refuse messages, such as those of a system.
      return undefined;
    }
  };
  const texts = conversations.map(said);
  for (const dialect of dialects) {
    const [before, after] = dialect.system;
    const [first, ...others] = conversations.map((each, i) => prefixOf(texts[i], dialect.render(each)));
    if (first === undefined || others.some((other) => other !== first)) continue;
    if (first === '') return { dialect, system: undefined };
    // Some put in a message of the system's where there is none.
    const hasOwn = before !== '' && first.startsWith(before) && first.endsWith(after);
    if (hasOwn && said(withSystem) === dialect.render(withSystem)) {
      return { dialect, system: first.slice(before.length, first.length - after.length) };
    }
  }
  return undefined;
}

/** What stands before `ending` in `text`. */
function prefixOf(text: string | undefined, ending: string): string | undefined {
  return text?.endsWith(ending) === true ? text.slice(0, text.length - ending.length) : undefined;
}
