import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AFTER_CUT, nextLoad } from '../src/domain/link.ts';

const BOTH = { up: true, down: true };

test('more on a quick link, up to a bound', () => {
  assert.deepEqual(nextLoad({ budget: 32_768, pieces: 1 }, 0.3, BOTH), { budget: 65_536, pieces: 2 });
  assert.deepEqual(nextLoad({ budget: 1_048_576, pieces: 16 }, 0.3, BOTH), { budget: 1_048_576, pieces: 16 });
});

test('a request that carried little says nothing about the link', () => {
  const load = { budget: 32_768, pieces: 2 };
  assert.deepEqual(nextLoad(load, 0.3, { up: false, down: false }), load);
});

test('as much again when it took a while, less when it was slow', () => {
  assert.deepEqual(nextLoad({ budget: 32_768, pieces: 4 }, 4, BOTH), { budget: 32_768, pieces: 4 });
  assert.deepEqual(nextLoad({ budget: 32_768, pieces: 8 }, 12, BOTH), { budget: 16_384, pieces: 1 });
  assert.equal(nextLoad(AFTER_CUT, 60, BOTH).budget, AFTER_CUT.budget);
});
