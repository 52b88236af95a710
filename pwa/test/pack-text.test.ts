import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Names, conceptTokens, distinct, subjects, type NameRow } from '../src/pack/names.ts';
import { cutTo, hasChinese, isBigram, Text } from '../src/pack/text.ts';
import { RULES } from './support/packs.ts';

const text = new Text(new Map(Object.entries(RULES.traditional)));
const names = new Names(text, RULES.names as NameRow[]);

describe('tokens', () => {
  test('are characters and the bigrams that they begin', () =>
    assert.deepEqual(text.tokens('玉米叶'), ['玉', '玉米', '米', '米叶', '叶']));
  test('have full width, capitals and traditional characters plain', () =>
    assert.deepEqual(text.tokens('ＮＰＫ１５ 葉黃'), ['npk15', '叶', '叶黄', '黄']));
  test('leave tags out', () => assert.deepEqual(text.tokens('<b>玉</b>米<br/>'), ['玉', '米']));
  test('count a character beyond U+FFFF as one', () => {
    assert.deepEqual(text.tokens('𠀀米'), ['𠀀', '𠀀米', '米']);
    assert.deepEqual(['𠀀', '𠀀米', '玉米', '玉', 'a', 'ab'].map(isBigram), [
      ...[false, true, true, false],
      ...[false, true],
    ]);
  });
  test('are none of an emoji', () => assert.deepEqual(text.tokens('😀！'), []));
});

test('white space is what Python calls so', () =>
  assert.equal(text.normalise(' \x1f玉\x85米\u3000 叶\ufeff '), '玉 米 叶\ufeff'));
test('a text is cut between characters', () => assert.equal(cutTo('𠀀𠀁𠀂', 2), '𠀀𠀁'));
test('Chinese is Chinese', () => assert.deepEqual(['yumi', '玉', '𠀀'].map(hasChinese), [false, true, true]));

describe('names', () => {
  const found = names.concepts('苞谷地里的秋粘虫，玉米，谷子');

  test('are found by any way to say them, the longest first', () =>
    assert.deepEqual(
      found.map(({ name }) => name),
      ['玉米', '草地贪夜蛾', '玉米', '水稻'],
    ));
  test('say what a text is about', () => assert.deepEqual([...subjects(found)], ['玉米', '水稻']));
  test('stand once in a reply', () =>
    assert.deepEqual(conceptTokens(distinct(found)), ['#玉米', '#草地贪夜蛾', '#水稻']));
  test('of one character count for animals only', () => {
    assert.deepEqual(subjects(names.concepts('猪')), new Set(['猪']));
    assert.deepEqual(new Names(text, [['crops', '稻', ['稻']]]).concepts('稻'), []);
  });
  test('bring a crop to its own name', () => {
    assert.equal(names.standardCrop(' 苞谷 '), '玉米');
    assert.equal(names.standardCrop(' 芋头 '), '芋头');
    assert.equal(names.standardCrop('秋粘虫'), '秋粘虫');
  });
});
