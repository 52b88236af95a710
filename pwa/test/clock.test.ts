import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { nextStamp, parts, stamp } from '../src/domain/clock.ts';

interface Vector {
  name: string;
  now: number;
  seen: string[];
  expect: string | null;
}

const source = new URL('../../tests/vectors/clock.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(source, 'utf8')) as { vectors: Vector[] };

for (const { name, now, seen, expect } of vectors) {
  test(`the clock and Python's agree: ${name}`, () => {
    if (expect === null) assert.throws(() => nextStamp(now, seen), RangeError);
    else assert.equal(nextStamp(now, seen), expect);
  });
}

test('stamps sort as text in the order of their moments', () => {
  const stamps = [stamp(0), stamp(1), stamp(1, 1), stamp(1, 65535), stamp(2), stamp(2 ** 47)];
  assert.deepEqual([...stamps].sort(), stamps);
});

test('a stamp comes apart into what made it', () => {
  assert.deepEqual(parts(stamp(1777881600000, 7)), [1777881600000, 7]);
});

test('what is no stamp is refused', () => {
  assert.throws(() => parts('not a stamp'), RangeError);
});
