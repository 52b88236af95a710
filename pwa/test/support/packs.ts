/** Packs made in a test, and a place to keep them that is no disk. */
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import type { Header } from '../../src/pack/container.ts';
import type { CaseRow, Held, Meta } from '../../src/pack/held.ts';
import type { Head, Keep, Underway } from '../../src/pack/keep.ts';

export const COUNTY = '510726';
export const CONSTANTS = {
  ...{ K1: 1.2, B: 0.75, CANDIDATES: 80, CERTAIN: 0.97, MEANING: 1.5, KNOWN: 0.26, LONG: 50, LENGTH: 0.18 },
  ...{ WORDS: 1.25, REPLY: 7, SPREAD: 1.5, SHORT: 8, OTHER_SUBJECT: 0.86 },
  ...{ CROP: 0.03, INDUSTRY: 0.015, SEASON: 0.02, PLACE: 0.02, _TOWNSHIP: 9, _COUNTY: 6 },
  ...{ SAME_TEXT: 0.8, SAME_SENSE: 0.97, ALIKE: 0.4 },
};
const CONFIDENCE = {
  ...{
    LONG: 30,
    CROWD_LEAST: 50,
    CROWD_MOST: 1500,
    cut: 0.3,
    base: -2,
    meaning: 9.3,
    reply: 5.2,
    rare: 3.5,
    common: -1,
  },
  ...{ known: -4.5, length: 5.1, crowd: -0.9, other_subject: -1, missed_subject: -1.1 },
};
export const RULES = {
  traditional: { 葉: '叶', 發: '发', 黃: '黄' },
  names: [
    ['crops', '玉米', ['玉米', '苞谷', '包谷']],
    ['crops', '水稻', ['水稻', '谷子']],
    ['animals', '猪', ['猪', '生猪', '猪儿']],
    ['pests', '草地贪夜蛾', ['草地贪夜蛾', '秋粘虫']],
  ],
  ranking: CONSTANTS,
  confidence: CONFIDENCE,
};
/** Two dimensions: what is yellow, and what is bitten. */
const TOKENS = ['玉米', '苞谷', '发黄', '叶子', '黄', '虫', '咬', '孔洞', '拉稀'];
const TABLE = [1, 1, 1, 1, 10, 0, 1, 1, 10, 1, 0, 10, 0, 10, 1, 9, 3, -7];

export const row = (id: string, question: string, answer = '', more: Partial<Record<number, string>> = {}) =>
  [id, question, answer, ...[3, 4, 5, 6].map((n) => more[n] ?? '')] as CaseRow;

export const ROWS: CaseRow[] = [
  row('03', '玉米叶子发黄怎么办', '缺氮，追施尿素。', { 3: '粮油', 4: '玉米', 5: '曲山镇', 6: '2026-05-01' }),
  row('02', '苞谷遭虫咬起孔洞', '草地贪夜蛾，喷心叶。', {
    3: '粮油',
    4: '苞谷',
    5: '桂溪镇',
    6: '2026-06-02',
  }),
  row('01', '猪儿拉稀不吃食', '补液保温。', { 3: '畜牧', 4: '生猪' }),
];

type Sections = Record<string, Uint8Array<ArrayBuffer>>;
const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

export function languageSections(): Sections {
  return {
    rules: bytes(JSON.stringify(RULES)),
    tokens: bytes(TOKENS.join('\n')),
    scales: new Uint8Array(Float32Array.from(TOKENS, () => 0.5).buffer),
    table: new Uint8Array(Int8Array.from(TABLE).buffer),
  };
}

export const casesSection = (rows: readonly CaseRow[]) =>
  bytes(rows.map((each) => `${JSON.stringify(each)}\n`).join(''));

const digest = (content: Uint8Array | string) =>
  createHash('sha256').update(content).digest('hex').slice(0, 16);

/** As docs/pack.md has it. */
export function versionOf(rows: readonly CaseRow[]): string {
  const lines = rows.map((each) => `${each[0]} ${digest(JSON.stringify(each))}\n`);
  return digest(lines.sort().join(''));
}

export const VERSION = versionOf(ROWS);
export const LANGUAGE = digest(Object.values(languageSections()).map(digest).join(''));

/** A file; `told` replaces lines of its header. */
export function packOf(sections: Sections, told: Partial<Header> & { [name: string]: unknown } = {}) {
  const parts = Object.entries(sections).map(([name, content]) => ({
    name,
    content,
    packed: gzipSync(content),
  }));
  const header = {
    ...{ format: 1, kind: 'full', county: COUNTY, version: VERSION, since: null, language: LANGUAGE },
    ...{ count: ROWS.length, left_out: 0 },
    sections: parts.map(({ name, content, packed }) => ({
      ...{ name, bytes: packed.length, unpacked: content.length },
      sha256: createHash('sha256').update(packed).digest('hex'),
    })),
    ...told,
  };
  const text = bytes(JSON.stringify(header));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return joined([bytes('TWPACK1\n'), length, text, ...parts.map((part) => part.packed)]);
}

export const fullPack = (rows: readonly CaseRow[] = ROWS, told: Record<string, unknown> = {}) =>
  packOf(
    { ...languageSections(), cases: casesSection(rows) },
    { count: rows.length, version: versionOf(rows), ...told },
  );

/** From the version of `before` to the one of `after`, without the language. */
export function difference(after: readonly CaseRow[], before: readonly CaseRow[] = ROWS, told = {}) {
  const known = new Map(before.map((each) => [each[0], JSON.stringify(each)]));
  const changed = after.filter((each) => known.get(each[0]) !== JSON.stringify(each));
  for (const [id] of after) known.delete(id);
  const sections = { cases: casesSection(changed), gone: bytes(JSON.stringify([...known.keys()])) };
  const versions = { since: versionOf(before), version: versionOf(after), count: after.length };
  return packOf(sections, { kind: 'difference', ...versions, ...told });
}

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

/** Keeps in memory; `room` is how many bytes of pieces fit. */
export class Memory implements Keep {
  has: Held | null = null;
  begun: Underway | null = null;

  constructor(private readonly full: () => Error | null = () => null) {}

  meta = async (): Promise<Meta | null> => this.has?.meta ?? null;
  held = async (): Promise<Held | null> => this.has;
  underway = async (): Promise<Underway | null> => this.begun;

  async replace(held: Held): Promise<void> {
    this.check();
    this.has = held;
    this.begun = null;
  }

  async confirm(meta: Meta): Promise<void> {
    this.has = { ...this.has!, meta };
    this.begun = null;
  }

  async begin(head: Head): Promise<void> {
    this.begun = { head, pieces: [] };
  }

  async append(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    this.check();
    this.begun!.pieces.push(piece.slice());
  }

  async abandon(): Promise<void> {
    this.begun = null;
  }

  async drop(): Promise<void> {
    this.has = this.begun = null;
  }

  private check(): void {
    const fault = this.full();
    if (fault) throw fault;
  }
}
