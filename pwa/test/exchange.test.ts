import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fingerprint } from '../src/domain/digest.ts';
import { BEGINNING, follow, lost, placeIn, type Message, type Place } from '../src/domain/exchange.ts';

const MARKS = [fingerprint('a', '1-a'), fingerprint('b', '1-b')];
const AT: Place = { since: '7-abc', comparing: null };

describe('in step', () => {
  test('begins without a place and stands where the answer says', () => {
    assert.deepEqual(placeIn(BEGINNING, [])[1], {});
    assert.deepEqual(follow(BEGINNING, {}, { s: '7-abc' }), AT);
    assert.deepEqual(placeIn(AT, [])[1], { s: '7-abc' });
  });

  test('an answer without a place moves nothing', () => assert.deepEqual(follow(AT, { s: '7-abc' }, {}), AT));

  test('an empty phone that lost its place begins anew', () => assert.deepEqual(lost(0), BEGINNING));
});

describe('comparing', () => {
  const step = (place: Place): [Place, Message] => placeIn(place, MARKS);

  test('of equal sets costs one request', () => {
    const [asked, message] = step(lost(2));
    assert.deepEqual(Object.keys(message), ['k']);
    assert.deepEqual(follow(asked, message, { s: '9-def', c: [] }), { since: '9-def', comparing: null });
  });

  test('lists what differs until there is no more, and only then stands somewhere', () => {
    const [asked, first] = step(lost(2));
    const [listed, second] = step(follow(asked, first, { s: '9-def', c: [0] }));
    assert.deepEqual(Object.keys(second.l![1]), ['0']);
    const again = follow(listed, second, { n: 1 });
    assert.equal(again.since, null);
    const [, third] = step(again);
    assert.deepEqual(third, second);
    assert.deepEqual(follow(again, third, {}), { since: '9-def', comparing: null });
  });
});
