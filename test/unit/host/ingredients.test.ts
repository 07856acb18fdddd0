import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameProblem, pathFromRecipe } from '../../../src/host/recipes/ingredients';

test('paths in a recipe begin at its folder', () => {
  assert.equal(pathFromRecipe('/w', '/w/data/a.jsonl'), './data/a.jsonl');
  assert.equal(pathFromRecipe('/w/recipes', '/w/data/a.jsonl'), '../data/a.jsonl');
});

test('names are refused that some system does not allow', () => {
  for (const bad of ['', ' ', 'a/b', 'a\\b', '.hidden', 'dot.', 'space ', 'CON', 'nul.txt', 'a\u0007']) {
    assert.notEqual(nameProblem(bad), undefined, JSON.stringify(bad));
  }
  for (const good of ['support-bot', 'Modell für Ärzte', 'v1.2', 'console']) assert.equal(nameProblem(good), undefined);
});
