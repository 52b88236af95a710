import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newFeedback } from '../src/domain/documents.ts';
import { momentOf, nameOf } from '../src/domain/ids.ts';
import { acknowledge, add, nextBatch, openOutbox, waitingItems } from '../src/domain/outbox.ts';

const AUTHOR = { id: '01HWPERS0N0000000000000000', device: '0a0a0a0a', region: '510726101203' };
const NOW = Date.parse('2026-06-01T08:00:00.000Z');
const said = newFeedback(AUTHOR, { text: ' 苞谷发黄 ', case: '01HWCASE', helpful: true, offline: true }, NOW);

describe('what a person says of a case', () => {
  test('says who, where, when and of what', () => {
    const { _id, ...rest } = said;
    assert.match(_id, /^feedback:[0-9A-HJKMNP-TV-Z]{26}$/);
    assert.equal(momentOf(nameOf(_id)), NOW);
    assert.deepEqual(rest, {
      type: 'feedback',
      by: AUTHOR.id,
      region: AUTHOR.region,
      device: AUTHOR.device,
      at: '2026-06-01T08:00:00.000Z',
      text: '苞谷发黄',
      case: '01HWCASE',
      helpful: true,
      offline: true,
    });
  });

  test('has 500 characters of a question, none of them half', () => {
    const { text } = newFeedback(AUTHOR, { text: '𠀀'.repeat(501), case: 'c', helpful: false });
    assert.equal(text, '𠀀'.repeat(500));
  });

  test('waits like everything else until it is acknowledged, whatever is held', () => {
    const outbox = add(openOutbox({ cursor: 0, beyond: {} }), [{ id: said._id, seq: 1, demand: '' }], 1);
    const held = new Set(['01HWDEMAND0000000000000000']);
    assert.deepEqual(waitingItems(outbox, held), [{ id: said._id, kind: 'record', demand: '', left: 1 }]);
    assert.equal(nextBatch(outbox, held)[0]!.id, said._id);
    assert.deepEqual(waitingItems(acknowledge(outbox, [said._id]), held), []);
  });
});
