import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Template } from '@huggingface/jinja';
import { TemplateExhausted } from '../../../src/engine/data/failures';
import { LimitedTemplate } from '../../../src/engine/data/limitedTemplate';

const messages = Array.from({ length: 2000 }, (_, i) => ({
  role: i % 2 === 0 ? 'user' : 'assistant',
  content: `${i}`,
}));

describe('a template', () => {
  for (const source of [
    '{{ true }}{{ True }}{{ false }}{{ False }}{{ none }}{{ None }}{{ missing }}',
    "{{ range(3) | join(',') }}{{ range(1, 4) | join(',') }}{{ range(9, 0, -4) | join(',') }}{{ range(5, 1) | length }}",
    "{{ strftime_now('%Y') }}{% set n = namespace(x=1) %}{% set n.x = n.x + 1 %}{{ n.x }}",
    '{%- for m in messages if m.role == "user" -%}{{ loop.index }}{{ m.content | trim }}{%- endfor -%}',
    '{{ messages[-2:] | tojson }}{% macro f(a) %}<{{ a }}>{% endmacro %}{{ f(messages | length) }}',
  ]) {
    test(`writes what the library writes: ${source}`, () => {
      assert.equal(new LimitedTemplate(source, true).render({ messages }), new Template(source).render({ messages }));
    });
  }

  test('says why it refuses what it is given', () => {
    const template = new LimitedTemplate("{{ raise_exception('roles must alternate') }}", true);
    assert.throws(() => template.render({}), /^Error: roles must alternate$/);
  });

  test('may look at a long conversation again with each of its messages', () => {
    const source =
      "{% for m in messages %}{{ messages | selectattr('role', 'equalto', 'tool') | list | length }}{% endfor %}";
    assert.equal(new LimitedTemplate(source, false).render({ messages }), '0'.repeat(messages.length));
  });
});

describe('a template is given up that', () => {
  for (const [what, source] of [
    ['goes over more than Transformers allows', '{% for i in range(100001) %}{% endfor %}'],
    [
      'goes over too much within too much',
      '{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}',
    ],
    [
      'makes a list longer and longer',
      '{% set n = namespace(x=[0]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}',
    ],
    [
      'makes lists of lists',
      '{% set n = namespace(x=[]) %}{% for i in range(9999) %}{% set n.x = n.x + [range(99999)] %}{% endfor %}',
    ],
    [
      'makes a text longer and longer',
      "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    ],
  ] as const) {
    test(what, () => {
      const before = process.memoryUsage().rss;
      assert.throws(() => new LimitedTemplate(source, true).render({}), TemplateExhausted);
      assert.ok(process.memoryUsage().rss - before < 1e9);
    });
  }
});
