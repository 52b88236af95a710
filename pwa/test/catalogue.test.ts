import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from '../src/catalogue/en.ts';
import { zh } from '../src/catalogue/zh-CN.ts';

const names = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test('both languages have the same keys', () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(zh).sort());
});

test('both languages fill in the same values', () => {
  for (const [key, sentence] of Object.entries(zh)) {
    assert.deepEqual(names(en[key as keyof typeof zh]), names(sentence), key);
  }
});

test('nobody is told of errors, data or synchronising', () => {
  for (const [key, sentence] of Object.entries(zh)) {
    assert.doesNotMatch(sentence, /提交失败|异常|数据|同步|请稍后重试|清除|重新安装/, key);
  }
});

test('English is English', () => {
  for (const [key, sentence] of Object.entries(en)) {
    const quoted = sentence.replace(/“[^”]*”|田问/g, '');
    assert.doesNotMatch(quoted, /[\u4e00-\u9fff]/, key);
  }
});
