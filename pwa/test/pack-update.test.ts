import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { PackBroken } from '../src/pack/container.ts';
import { Cut, Refused } from '../src/pack/download.ts';
import { NoRoom } from '../src/pack/keep.ts';
import { Ranking } from '../src/pack/rank.ts';
import { own, update } from '../src/pack/update.ts';
import { County } from './support/county.ts';
import {
  COUNTY,
  difference,
  fullPack,
  LANGUAGE,
  Memory,
  packOf,
  row,
  ROWS,
  VERSION,
  versionOf,
} from './support/packs.ts';

let county: County;
let phone: Memory;
let progress: [number, number][];
const FULL = fullPack();

const bring = (to = phone, signal = new AbortController().signal) =>
  update(to, COUNTY, {
    fetch: county.fetch,
    token: 'secret',
    signal,
    report: (done, total) => progress.push([done, total]),
  });

before(async () => void (county = await new County(() => ({ file: FULL, etag: '"full"' })).open()));
after(() => county.close());
beforeEach(() => {
  phone = new Memory();
  progress = [];
  Object.assign(county, { breaksAfter: null, status: 200, sent: 0 });
  county.asked.length = 0;
  county.files = () => ({ file: FULL, etag: '"full"' });
});

describe('the first pack', () => {
  test('is held as a whole', async () => {
    const held = await bring();
    assert.equal(held?.meta.count, ROWS.length);
    assert.equal(held?.meta.version, VERSION);
    assert.deepEqual(phone.has, held);
    assert.equal(phone.begun, null);
    assert.deepEqual(progress[progress.length - 1], [FULL.length, FULL.length]);
  });

  test('survives a link that breaks at any byte', async () => {
    county.breaksAfter = Math.ceil(FULL.length / 5);
    let cuts = 0;
    while (!phone.has && cuts < 10) {
      await bring().catch((error: unknown) => {
        assert.ok(error instanceof Cut);
        cuts += 1;
      });
    }
    assert.equal(cuts, 4);
    assert.equal(county.sent, FULL.length, 'no byte crossed twice');
  });

  test('begins anew where the file has changed meanwhile', async () => {
    county.breaksAfter = 300;
    await assert.rejects(bring(), Cut);
    county.breaksAfter = null;
    const newer = fullPack(ROWS.slice(1));
    county.files = () => ({ file: newer, etag: '"newer"' });
    assert.equal((await bring())?.meta.count, 2);
    assert.deepEqual(
      county.asked.map(([, range, status]) => [range, status]),
      [
        ['', 200],
        ['bytes=300-', 200],
      ],
    );
  });

  test('stops when something matters more, and goes on later', async () => {
    const matters = new AbortController();
    county.breaksAfter = 400;
    const going = bring(phone, matters.signal);
    setTimeout(() => matters.abort(), 5);
    await assert.rejects(going, Cut);
    county.breaksAfter = null;
    await bring();
    assert.equal(phone.has?.meta.version, VERSION);
  });
});

describe('a difference', () => {
  beforeEach(() => bring());

  test('that says nothing new costs next to nothing', async () => {
    const before = phone.has!;
    county.files = () => ({ file: difference(ROWS), etag: '"none"' });
    assert.equal(await bring(), null);
    assert.equal(phone.has!.rows, before.rows);
    assert.ok(phone.has!.meta.at >= before.meta.at);
    assert.equal(county.asked[1]![0], `/api/similar/pack?language=${LANGUAGE}&since=${VERSION}`);
  });

  test('adds, changes and takes away', async () => {
    const changed = row('02', '苞谷叶子发黄');
    const after = [row('09', '水稻拉稀'), ROWS[0]!, changed];
    county.files = () => ({ file: difference(after), etag: '"d"' });
    const before = phone.has!;
    const { meta, rows, vectors } = (await bring())!;
    assert.deepEqual(
      rows.map(([id]) => id),
      ['09', '03', '02'],
    );
    assert.equal(meta.version, versionOf(after));
    assert.deepEqual(vectors.steps.slice(2, 4), before.vectors.steps.slice(0, 2), 'kept');
    assert.notDeepEqual(vectors.steps.slice(4, 6), before.vectors.steps.slice(2, 4), 'computed anew');
    const best = new Ranking(phone.has!).similar({ text: '苞谷叶子发黄', k: 1 });
    assert.equal(best.results[0]!.id, '02');
  });

  test('that does not fit is followed by the whole file', async () => {
    const after = [...ROWS, row('00', '稻瘟病')];
    const before = phone.has;
    for (const told of [{ count: 99 }, { version: versionOf([]) }, { since: versionOf([]) }]) {
      phone.has = before;
      county.files = (address) =>
        address.includes('since')
          ? { file: difference(after, ROWS, told), etag: '"d"' }
          : { file: fullPack(after), etag: '"f"' };
      assert.equal((await bring())?.meta.version, versionOf(after));
    }
  });
});

describe('what goes wrong', () => {
  const stays = async (kind: new (...values: never[]) => Error) => {
    const before = phone.has;
    await assert.rejects(bring(), kind);
    assert.equal(phone.has, before);
  };

  test('a broken file is thrown away, what was held stays', async () => {
    await bring();
    const broken = difference([...ROWS, row('09', '水稻')]).slice();
    broken[broken.length - 3]! ^= 1;
    county.files = () => ({ file: broken, etag: '"b"' });
    await stays(PackBroken);
    assert.equal(phone.begun, null);
  });

  test('a file of another county is not taken', async () => {
    county.files = () => ({ file: fullPack(ROWS, { county: '510727' }), etag: '"o"' });
    await stays(PackBroken);
  });

  test('a file that lacks what it should have is not taken', async () => {
    county.files = () => ({ file: packOf({}), etag: '"e"' });
    await stays(PackBroken);
  });

  test('a header that says something else is not taken', async () => {
    county.files = () => ({ file: fullPack(ROWS, { language: LANGUAGE.replace(/./, 'x') }), etag: '"l"' });
    await stays(PackBroken);
    county.files = () => ({ file: fullPack(ROWS, { version: VERSION.replace(/./, 'x') }), etag: '"v"' });
    await stays(PackBroken);
  });

  test('a county that is not ready says so', async () => {
    county.status = 503;
    await stays(Refused);
  });

  test('a full phone keeps what it had', async () => {
    await bring();
    const small = new Memory(() => new NoRoom());
    small.has = phone.has;
    county.files = () => ({ file: difference([...ROWS, row('09', '水稻')]), etag: '"d"' });
    await assert.rejects(bring(small), NoRoom);
    assert.equal(small.has, phone.has);
    assert.equal(small.begun, null, 'the pieces make room');
  });

  test('a person of another county finds nothing of this one', async () => {
    await bring();
    assert.equal(await own(phone, '510727'), null);
    assert.equal(phone.has, null);
  });
});

afterEach(() => county.asked.forEach(([address]) => assert.ok(address.startsWith('/api/similar/pack'))));
