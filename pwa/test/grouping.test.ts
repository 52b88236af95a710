import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EventDocument, EventKind, Role } from '../src/contract/types.ts';
import { fold, type Consultation } from '../src/domain/fold.ts';
import { isYours, worklist } from '../src/domain/grouping.ts';
import type { Person } from '../src/domain/person.ts';

const INFORMANT = '01HWREP0RTER00000000000000';
const EXPERT = '01HWEXPERTA000000000000000';

function person(id: string, role: Role): Person {
  const place = { region: '510726105201', region_name: '', county: '510726000000', county_name: '' };
  return { id, name: '', role, ...place, must_change_password: false, profile_complete: true };
}

/** A consultation to which these things happened, one a minute. */
function after(id: string, ...kinds: [EventKind, Partial<EventDocument>?][]): Consultation {
  const demand = {
    _id: `demand:${id}`,
    type: 'demand' as const,
    reporter: INFORMANT,
    region: '510726105201',
    industry: '粮油',
    text: '玉米叶子黄',
    clock: '0000000000000000',
    device: '0a0a0a0a',
    at: '2026-05-04T08:00:00.000Z',
  };
  const events = kinds.map(([kind, payload], n): EventDocument => {
    const clock = String(n + 1).padStart(16, '0');
    const at = `2026-05-04T08:0${n + 1}:00.000Z`;
    const shared = { demand: id, kind, by: INFORMANT, clock, device: '0a0a0a0a', at };
    return { _id: `event:${id}:${clock}:0a0a0a0a`, type: 'event', ...shared, ...payload };
  });
  return fold([demand, ...events])!;
}

const assigned = (due?: string): [EventKind, Partial<EventDocument>] => [
  'assigned',
  { expert: EXPERT, expert_name: '王建国', due },
];
const replied: [EventKind, Partial<EventDocument>] = ['replied', { by: EXPERT, text: '追尿素' }];

describe("an informant's list", () => {
  const me = person(INFORMANT, 'informant');

  test('puts an answer under 要您办的', () => {
    assert.equal(worklist([after('A', ['received'], assigned(), replied)], me).todo.length, 1);
  });

  test('waits while the county or the expert acts', () => {
    const all = [after('A'), after('B', ['received']), after('C', ['received'], assigned())];
    assert.equal(worklist(all, me).waiting.length, 3);
  });

  test('ends with what was solved', () => {
    assert.equal(worklist([after('A', ['received'], assigned(), replied, ['solved'])], me).done.length, 1);
  });
});

describe("an expert's queue", () => {
  const me = person(EXPERT, 'expert');

  test('is in the order of the time limits', () => {
    const late = after('A', ['received'], assigned('2026-05-04T12:00:00.000Z'));
    const soon = after('B', ['received'], assigned('2026-05-04T09:00:00.000Z'));
    const ids = worklist([late, soon], me).todo.map((each) => each.id);
    assert.deepEqual(ids, ['B', 'A']);
  });

  test('waits for those who were asked back', () => {
    const asking = after('A', ['received'], assigned(), ['asked', { by: EXPERT, text: '打过药？' }]);
    assert.equal(worklist([asking], me).waiting.length, 1);
  });

  test('is done with what went to somebody else', () => {
    const declined = after('A', ['received'], assigned(), ['declined', { by: EXPERT, reason: '不熟' }]);
    assert.equal(worklist([declined], me).done.length, 1);
  });
});

test('a township lead looks on: nothing waits for them', () => {
  const lead = person('01HW1EAD000000000000000000', 'township_lead');
  const open = after('A', ['received'], assigned(), replied);
  assert.equal(isYours(open, lead), false);
  assert.equal(worklist([open], lead).waiting.length, 1);
});
