import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse, PackBroken, type Flaw } from '../src/pack/container.ts';
import { casesSection, fullPack, languageSections, packOf, ROWS, VERSION } from './support/packs.ts';

const flawed = (file: Uint8Array<ArrayBuffer>, flaw: Flaw) =>
  assert.rejects(parse(file), (error) => error instanceof PackBroken && error.flaw === flaw);

describe('a whole file', () => {
  test('comes apart into its sections', async () => {
    const { header, sections } = await parse(fullPack());
    assert.deepEqual([...sections.keys()], ['rules', 'tokens', 'scales', 'table', 'cases']);
    assert.equal(header.version, VERSION);
    assert.deepEqual(sections.get('cases'), casesSection(ROWS));
  });
});

describe('a broken file', () => {
  const file = fullPack();

  test('is not taken when it is cut, wherever', async () => {
    for (let length = 0; length < file.length; length += 7) await flawed(file.slice(0, length), 'cut');
  });

  test('is not taken with a flipped bit in a section, wherever', async () => {
    const begin = 12 + new DataView(file.buffer).getUint32(8, true);
    for (let place = begin; place < file.length; place += 11) {
      const other = file.slice();
      other[place]! ^= 16;
      await assert.rejects(parse(other), PackBroken, `byte ${place}`);
    }
  });

  test('is not taken with more behind it', () => flawed(new Uint8Array([...file, 0]), 'header'));
  test('is not taken when it is no pack', () => flawed(new TextEncoder().encode('<!doctype html>'), 'magic'));
  test('is not taken in another format', () => flawed(fullPack(ROWS, { format: 2 }), 'format'));
  test('is not taken as a difference from nothing', () =>
    flawed(fullPack(ROWS, { kind: 'difference' }), 'header'));
});

describe('a file that would not fit into memory', () => {
  const cases = casesSection(ROWS);
  const line = (unpacked: number, file = packOf({ cases })) =>
    parse(file).then(({ header }) => ({ ...header.sections[0]!, unpacked }));

  test('is not unpacked', async () => {
    await flawed(packOf({ cases }, { sections: [await line(1 << 30)] }), 'size');
  });

  test('is not unpacked beyond what it announced', async () => {
    await flawed(packOf({ cases }, { sections: [await line(cases.length - 1)] }), 'size');
    await flawed(packOf({ cases }, { sections: [await line(cases.length + 1)] }), 'size');
  });

  test('has each section once', async () => {
    const { rules } = languageSections();
    const one = await line(cases.length);
    await flawed(packOf({ cases, rules: rules! }, { sections: [one, one] }), 'header');
  });
});
