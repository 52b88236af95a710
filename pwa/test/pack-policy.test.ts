import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide, nextDue, type Facts } from '../src/pack/policy.ts';

const QUIET: Facts = {
  ...{ online: true, reach: 'ok', waiting: 0, phase: 'idle', agreed: true, saveData: false },
  ...{ pressed: false, running: false, due: 0, now: 1 },
};
const when = (facts: Partial<Facts>) => decide({ ...QUIET, ...facts });

describe('a pack', () => {
  test('is fetched when all is quiet', () => assert.equal(when({}), 'start'));
  test('waits until everything was sent', () => {
    assert.equal(when({ waiting: 1 }), 'wait');
    assert.equal(when({ waiting: 1, pressed: true }), 'wait');
    assert.equal(when({ phase: 'pull' }), 'wait');
    assert.equal(when({ agreed: false }), 'wait');
    assert.equal(when({ agreed: false, reach: 'unknown', pressed: true }), 'start');
  });
  test('makes way at once for what is to be sent', () => {
    assert.equal(when({ running: true, waiting: 1 }), 'pause');
    assert.equal(when({ running: true, phase: 'photos' }), 'pause');
    assert.equal(when({ running: true, phase: 'pull' }), 'wait');
  });
  test('is not looked for before it is due', () => {
    assert.equal(when({ due: 2 }), 'wait');
    assert.equal(when({ due: 2, pressed: true }), 'start');
  });
  test('costs nobody anything who saves, unless they press', () => {
    assert.equal(when({ saveData: true }), 'wait');
    assert.equal(when({ saveData: true, pressed: true }), 'start');
  });
  test('needs the county', () => {
    assert.equal(when({ online: false, pressed: true }), 'wait');
    for (const reach of ['offline', 'server', 'login']) assert.equal(when({ reach, pressed: true }), 'wait');
    assert.equal(when({ reach: 'unknown' }), 'wait');
  });
});

describe('the next look', () => {
  test('is an hour later', () => assert.equal(nextDue(0), 3_600_000));
  test('is soon after a cut, and then later and later', () => {
    assert.deepEqual(
      [1, 2, 3, 99].map((failures) => nextDue(0, failures, 'cut')),
      [3_000, 6_000, 12_000, 600_000],
    );
  });
  test('gives a county in trouble some time', () => assert.equal(nextDue(0, 1, 'refused'), 30_000));
  test('does not fetch what is of no use again and again', () => {
    assert.deepEqual(
      [1, 2, 99].map((failures) => nextDue(0, failures, 'useless')),
      [600_000, 1_200_000, 21_600_000],
    );
  });
});
