import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { boost, monthOf, NOWHERE } from '../src/pack/boosts.ts';
import { parse } from '../src/pack/container.ts';
import { Encoder } from '../src/pack/encoder.ts';
import { bigrams, jaccard, Shown } from '../src/pack/fold.ts';
import { takeIn } from '../src/pack/held.ts';
import { Counts, Lexical } from '../src/pack/lexical.ts';
import { Ranking } from '../src/pack/rank.ts';
import { cosine, cosines, put, room } from '../src/pack/vectors.ts';
import { CONSTANTS, COUNTY, fullPack, row, ROWS } from './support/packs.ts';

describe('vectors', () => {
  const encoder = new Encoder(['玉', '玉米'], Float32Array.of(0.5, 1), Int8Array.of(2, 0, 3, 4));

  test('are the sum of the rows, of length one', () => {
    const [x, y] = encoder.encode(['玉', '玉米', '无']);
    assert.ok(Math.abs(x! - 4 / Math.hypot(4, 4)) < 1e-6);
    assert.equal(x, y);
  });
  test('are zero of what is unknown', () => assert.deepEqual([...encoder.encode(['无'])], [0, 0]));
  test('tell how much is known', () => assert.equal(encoder.known(['玉', '玉米', '无人']), 0.5));
  test('are kept in steps of a hundredth', () => {
    const kept = room(2, 2);
    put(kept, 0, Float32Array.of(0.6, 0.8));
    put(kept, 1, Float32Array.of(0, 0));
    assert.deepEqual([...kept.steps], [95, 127, 0, 0]);
    assert.ok(Math.abs(cosine(kept, 0, 0) - 1) < 0.01);
    assert.ok(Math.abs(cosines(kept, Float32Array.of(1, 0))[0]! - 0.6) < 0.01);
    assert.equal(cosines(kept, Float32Array.of(1, 0))[1], 0);
  });
});

describe('words', () => {
  const counts = new Counts();
  counts.add(['a', 'b', 'b']);
  counts.add(['a', 'c']);
  const lexical = new Lexical(CONSTANTS, counts);

  test('weigh the more the rarer they are', () => {
    assert.ok(lexical.idf('z') > lexical.idf('b') && lexical.idf('b') > lexical.idf('a'));
  });
  test('count once in a question', () => {
    const [once, twice] = [new Float32Array(2), new Float32Array(2)];
    lexical.addScores(['b'], 1, once);
    lexical.addScores(['b', 'b'], 1, twice);
    assert.deepEqual(once, twice);
    assert.ok(once[0]! > 0 && once[1] === 0);
  });
  test('that are all there are a full match', () => {
    const total = new Float32Array(2);
    lexical.addScores(['a', 'c'], 1 / lexical.bestPossible(['a', 'c']), total);
    assert.ok(Math.abs(total[1]! - 1) < 0.1);
  });
});

describe('nearly equal questions', () => {
  test('share most of their bigrams', () => {
    assert.equal(jaccard(bigrams('玉米叶黄'), bigrams('玉米叶黄')), 1);
    assert.equal(jaccard(bigrams('玉'), bigrams('稻')), 0);
  });
  test('are shown once, unless they name other things', () => {
    const shown = new Shown(CONSTANTS, () => 1);
    const maize = { kind: 'crops', name: '玉米' };
    assert.equal(shown.seen(0, '玉米叶子发黄怎么办', [maize]), false);
    assert.equal(shown.seen(1, '玉米叶子发黄怎么办', []), true);
    assert.equal(shown.seen(2, '玉米叶子发黄咋个办', [{ ...maize }]), true);
    assert.equal(shown.seen(3, '玉米叶子发黄怎么办呢', []), false);
  });
});

describe('circumstances', () => {
  const maize = { industry: '粮油', crop: '玉米', region: '510726101000', month: 12 };
  const asked = { ...NOWHERE, region: '510726101203' };

  test('raise a little', () => {
    assert.equal(boost(CONSTANTS, maize, NOWHERE, 0), 0);
    assert.equal(boost(CONSTANTS, maize, asked, 0), 0.02);
    assert.equal(boost(CONSTANTS, maize, { ...asked, region: '510726200000' }, 1), 0.02);
    assert.equal(boost(CONSTANTS, maize, { ...NOWHERE, crop: '玉米', industry: '粮油' }, 12), 0.065);
  });
  test('have a month or none', () =>
    assert.deepEqual(['2026-05-01', '', '2026', '2026-13-01', '2026-x1'].map(monthOf), [5, 0, 0, 0, 0]));
});

describe('ranking', () => {
  let ranking: Ranking;
  const ids = (text: string, more = {}) =>
    ranking.similar({ text, k: 3, ...more }).results.map((each) => each.id);
  before(async () => {
    const rows = [...ROWS, row('04', '玉米叶子发黄，怎么办？')];
    ranking = new Ranking(await takeIn(null, await parse(fullPack(rows)), COUNTY, 0));
  });

  test('finds other words for the same', () => assert.equal(ids('苞谷葉子發黃')[0], '04'));
  test('shows nearly equal questions once', () => assert.ok(!ids('玉米叶子发黄').includes('03')));
  test('keeps to a crop when it is asked to', () => assert.deepEqual(ids('拉稀', { crop: '玉米' }), []));
  test('finds words of the answer', () => assert.equal(ids('草地贪夜蛾喷心叶')[0], '02'));
  test('says why it is silent', () => {
    const reason = (text: string) => ranking.similar({ text, k: 3 }).reason;
    assert.deepEqual(['手机掉水里了', 'hello world', '？'].map(reason), [
      ...['nothing_similar', 'not_chinese'],
      'empty',
    ]);
  });
  test('rounds what it shows', () => {
    const [best] = ranking.similar({ text: '玉米叶子发黄', k: 1 }).results;
    assert.equal(best!.score, Number(best!.score.toFixed(4)));
  });
});
