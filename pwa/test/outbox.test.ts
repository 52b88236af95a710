import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  acknowledge,
  add,
  keptForm,
  nextBatch,
  openOutbox,
  waitingItems,
  type Outbox,
  type Row,
} from '../src/domain/outbox.ts';

const DEMAND = '01HWDEMAND0000000000000000';
const OTHER = '01HWDEMAND0000000000000001';
const MEDIA = '01HWMEDIA00000000000000000';
const NONE: ReadonlySet<string> = new Set();

const row = (id: string, seq: number, demand = DEMAND): Row => ({ id, seq, demand });
const event = (n: number, seq: number, demand = DEMAND) => row(`event:${demand}:${n}:0a0a0a0a`, seq, demand);
const chunk = (n: number, seq: number) => row(`chunk:${MEDIA}:000${n}`, seq);
const empty = () => openOutbox({ cursor: 0, beyond: {} });
const ids = (rows: Row[]) => rows.map((each) => each.id);

/** A demand with a contact and one photo of six chunks, stored as 1 to 9. */
function report(): Outbox {
  const chunks = [0, 1, 2, 3, 4, 5].map((n) => chunk(n, 4 + n));
  const texts = [row(`demand:${DEMAND}`, 1), row(`contact:${DEMAND}`, 2), row(`media:${MEDIA}`, 3)];
  return add(empty(), [...texts, ...chunks], 9);
}

describe('a demand with a photo', () => {
  test('goes text first', () => {
    const texts = [`demand:${DEMAND}`, `contact:${DEMAND}`, `media:${MEDIA}`];
    assert.deepEqual(ids(nextBatch(report(), NONE)), texts);
  });

  test('then the photo, as many pieces at once as the link bears', () => {
    const outbox = acknowledge(report(), [`demand:${DEMAND}`, `contact:${DEMAND}`, `media:${MEDIA}`]);
    assert.deepEqual(ids(nextBatch(outbox, NONE)), [`chunk:${MEDIA}:0000`]);
    assert.deepEqual(ids(nextBatch(outbox, NONE, 2)), [`chunk:${MEDIA}:0000`, `chunk:${MEDIA}:0001`]);
  });

  test('lets a text that was written meanwhile pass', () => {
    const sent = acknowledge(report(), [`demand:${DEMAND}`, `contact:${DEMAND}`, `media:${MEDIA}`]);
    const outbox = add(sent, [event(1, 10)], 10);
    assert.deepEqual(ids(nextBatch(outbox, NONE)), [event(1, 10).id]);
  });

  test('counts as a text and a photo', () => {
    const kinds = waitingItems(report(), NONE).map((item) => [item.kind, item.left]);
    assert.deepEqual(kinds, [
      ['demand', 2],
      ['photo', 7],
    ]);
  });

  test('is a photo less only when its last chunk has arrived', () => {
    const all = [...report().pending.keys()];
    const nearly = acknowledge(report(), all.slice(0, -1));
    assert.deepEqual(
      waitingItems(nearly, NONE).map((item) => item.left),
      [1],
    );
    assert.deepEqual(waitingItems(acknowledge(nearly, all.slice(-1)), NONE), []);
  });
});

describe('closing the page', () => {
  /** What the phone knows after a reload: what was kept, and the local feed after the cursor. */
  function reopened(outbox: Outbox, feed: Row[]): Outbox {
    const kept = JSON.parse(JSON.stringify(keptForm(outbox)));
    return add(
      openOutbox(kept),
      feed.filter((each) => each.seq > kept.cursor),
      Math.max(...feed.map((each) => each.seq)),
    );
  }

  test('forgets nothing that was not acknowledged, and sends nothing that was', () => {
    const feed = [...report().pending.values()];
    for (let known = 0; known <= feed.length; known++) {
      const outbox = acknowledge(report(), ids(feed.slice(0, known)));
      assert.deepEqual([...reopened(outbox, feed).pending.keys()], ids(feed.slice(known)));
    }
  });

  test('remembers what arrived out of order', () => {
    const feed = [...report().pending.values()];
    const some = ids(feed.filter((_, n) => n % 2 === 0));
    const outbox = reopened(acknowledge(report(), some), feed);
    assert.deepEqual([...outbox.pending.keys()], ids(feed.filter((_, n) => n % 2 === 1)));
  });

  test('keeps a note that does not grow', () => {
    let outbox = empty();
    for (let seq = 1; seq <= 1000; seq++) {
      outbox = acknowledge(add(outbox, [event(seq, seq)], seq), [event(seq, seq).id]);
    }
    assert.deepEqual(keptForm(outbox), { cursor: 1000, beyond: {} });
  });
});

describe('a demand that was refused', () => {
  const held = new Set([DEMAND]);

  test('keeps its parts back and out of the count', () => {
    assert.deepEqual(nextBatch(report(), held), []);
    assert.deepEqual(waitingItems(report(), held), []);
  });

  test('does not hold up others', () => {
    const outbox = add(report(), [event(1, 10, OTHER)], 10);
    assert.deepEqual(ids(nextBatch(outbox, held)), [event(1, 10, OTHER).id]);
  });

  test('lets go when it is released', () => {
    assert.equal(nextBatch(report(), NONE).length, 3);
  });
});

test("others' documents move the cursor, so that they are looked at once", () => {
  assert.equal(keptForm(add(empty(), [], 500)).cursor, 500);
});

test('the same row twice is one', () => {
  const outbox = add(add(empty(), [event(1, 1)], 1), [event(1, 1)], 1);
  assert.equal(outbox.pending.size, 1);
});
