import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill } from '../src/catalogue/catalogue.ts';
import { zh } from '../src/catalogue/zh-CN.ts';
import { sentence, type SyncFacts } from '../src/sync/sentence.ts';

const CALM: SyncFacts = {
  reach: 'ok',
  online: true,
  phase: 'idle',
  weak: false,
  waiting: 0,
  waitingPhotos: 0,
  photos: { done: 0, total: 0 },
  problems: 0,
  storageLow: false,
  expert: false,
  agreedMinutes: 2,
};

/** What a person reads. */
function read(change: Partial<SyncFacts>): string {
  const { lead, strong, values, tone } = sentence({ ...CALM, ...change });
  const say = (key?: string) => (key ? fill(zh[key as keyof typeof zh], values) : '');
  return tone === 'ok' ? `${say(strong)} · ${say(lead)}` : say(lead) + say(strong);
}

// mockups/GUIDE.md, "Wording".
const WORDING: [string, Partial<SyncFacts>, string][] = [
  ['all stored', {}, '都送到了 · 2 分钟前'],
  ['offline', { online: false, waiting: 2 }, '没有网，照样能用。2 条存在手机里'],
  [
    'offline though the phone thinks otherwise',
    { reach: 'offline', waiting: 1 },
    '没有网，照样能用。1 条存在手机里',
  ],
  ['offline, an expert', { online: false, waiting: 1, expert: true }, '没有网，照样能答。1 条存着'],
  ['weak', { weak: true, waiting: 1, waitingPhotos: 1 }, '信号弱：先送文字，照片慢慢送'],
  [
    'sending',
    { phase: 'photos', waiting: 4, waitingPhotos: 4, photos: { done: 1, total: 5 } },
    '正在送：文字到了，照片 2/5',
  ],
  ['quarantined', { problems: 1 }, '1 条要您改一下'],
  ['server down', { reach: 'server', waiting: 3 }, '县里的机器在修，您写的都存着，修好自动送'],
  ['storage low', { storageLow: true }, '手机快满了，少拍几张；文字照常报'],
  ['login again', { reach: 'login', waiting: 2 }, '请再登录一次，没送到的都还在'],
];

for (const [when, facts, words] of WORDING) {
  test(when, () => assert.equal(read(facts), words));
}

test('nothing is called delivered while something waits', () => {
  for (const phase of ['idle', 'text', 'photos', 'pull'] as const) {
    for (const reach of ['unknown', 'ok', 'offline', 'server', 'login', 'password'] as const) {
      for (const waitingPhotos of [0, 1]) {
        assert.notEqual(sentence({ ...CALM, phase, reach, waiting: 1, waitingPhotos }).tone, 'ok');
      }
    }
  }
});

test('nothing is called delivered before the county was ever reached', () => {
  assert.notEqual(sentence({ ...CALM, agreedMinutes: null }).tone, 'ok');
});
