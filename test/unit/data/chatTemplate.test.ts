import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chatTemplateOf, compileChatTemplate } from '../../../src/engine/data/chatTemplate';
import type { ChatMessage, RenderOptions } from '../../../src/engine/data/chatTemplate';

const answer: RenderOptions = { addGenerationPrompt: false };

describe('a chat template', () => {
  test('is given what Transformers gives', () => {
    const source =
      '{{ bos_token }}{{ tools is none }}{% for m in messages %}{{ m.role }}{{ m.content is defined }}{% endfor %}' +
      '{% if add_generation_prompt %}?{% endif %}{{ mood }}';
    const template = compileChatTemplate(source, { bos_token: '<s>' });
    const messages: ChatMessage[] = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: null },
    ];
    assert.equal(template.render(messages, answer), '<s>trueusertrueassistantfalse');
    const options = { addGenerationPrompt: true, tools: [], variables: { mood: 'glad' } };
    assert.equal(template.render(messages, options), '<s>falseusertrueassistantfalse?glad');
  });

  test("finds a model's thoughts under each of their names", () => {
    const template = compileChatTemplate(
      '{% for m in messages %}{{ m.reasoning_content }}{{ m.thinking }};{% endfor %}',
      {},
    );
    const messages = ['reasoning_content', 'thinking', 'reasoning'].map((key) => ({
      role: 'assistant',
      [key]: key[0],
    }));
    assert.equal(template.render(messages, answer), 'rr;tt;rr;');
  });

  test('says what stands between generation marks, with the blanks that Jinja leaves', () => {
    const source = 'A\n  {% generation %}\n  B\n  {% endgeneration %}\nC {%- generation -%} D {%- endgeneration -%} E';
    const template = compileChatTemplate(source, {});
    // Jinja2 3.1.6 with trim_blocks and lstrip_blocks renders this text, and its extension notes these spans.
    const text = 'A\n  B\nCDE';
    assert.equal(template.render([], answer), text);
    const marked = template.renderMarked([], answer);
    assert.equal(marked?.text, text);
    assert.deepEqual(
      marked.spans.map(([start, end]) => text.slice(start, end)),
      ['  B\n', 'D'],
    );
  });

  test('without marks has none', () => {
    assert.equal(compileChatTemplate('{{ generation }}', {}).renderMarked([], answer), undefined);
  });

  test('stands in tokenizer_config.json by itself or among named ones', () => {
    assert.equal(chatTemplateOf({ chat_template: 'T' }), 'T');
    const named = [
      { name: 'tool_use', template: 'U' },
      { name: 'default', template: 'T' },
    ];
    assert.equal(chatTemplateOf({ chat_template: named }), 'T');
    assert.equal(chatTemplateOf({ chat_template: named.slice(0, 1) }), undefined);
    assert.equal(chatTemplateOf({}), undefined);
  });
});
