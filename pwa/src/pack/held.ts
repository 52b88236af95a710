/** What a phone holds of a pack, and what a checked file makes of it. Pure: the disk is keep.ts. */
import { decode, json, PackBroken, type Container } from './container.ts';
import { languageOf, versionOf } from './digests.ts';
import { Encoder } from './encoder.ts';
import { isRules, type Rules } from './rules.ts';
import { Text } from './text.ts';
import { copy, put, room, type Vectors } from './vectors.ts';

/** id, question, answer, industry, crop, region, date */
export type CaseRow = [string, string, string, string, string, string, string];

export interface Language {
  id: string;
  rules: Rules;
  tokens: string[];
  scales: Float32Array<ArrayBuffer>;
  table: Int8Array<ArrayBuffer>;
}

export interface Meta {
  county: string;
  version: string;
  language: string;
  count: number;
  leftOut: number;
  /** What all of it takes up on the phone. */
  bytes: number;
  /** When it was last seen to be as the county has it, in milliseconds since 1970. */
  at: number;
}

export interface Held {
  meta: Meta;
  language: Language;
  rows: CaseRow[];
  vectors: Vectors;
}

const AT_ONCE = 256;

/**
 * What the phone holds once it has taken in a file; `rest` is awaited between some and some cases, so that
 * questions are answered meanwhile. Throws PackBroken, and nothing has changed then.
 */
export async function takeIn(
  held: Held | null,
  file: Container,
  county: string,
  now: number,
  rest: () => Promise<void> = async () => undefined,
): Promise<Held> {
  const { header } = file;
  if (header.county !== county) throw new PackBroken('county', header.county);
  const language = await languageIn(file, held);
  const rows = rowsOf(file, held);
  const whole = rows.length === header.count && (await versionOf(rows, rest)) === header.version;
  if (!whole) throw new PackBroken('base', `not version ${header.version}`);
  const vectors = await vectorsOf(rows, language, held, rest);
  const meta = {
    county,
    version: header.version,
    language: header.language,
    count: rows.length,
    leftOut: header.left_out,
    bytes: sizeOf(language, rows, vectors),
    at: now,
  };
  return { meta, language, rows, vectors };
}

async function languageIn(file: Container, held: Held | null): Promise<Language> {
  const { language: id } = file.header;
  if (!file.sections.has('table')) {
    if (held?.language.id !== id) throw new PackBroken('base', 'language');
    return held.language;
  }
  if ((await languageOf(file.sections)) !== id) throw new PackBroken('digest', 'language');
  const rules = json(file, 'rules', isRules);
  const tokens = decode(file.sections.get('tokens'), 'tokens').split('\n');
  if (tokens[tokens.length - 1] === '') tokens.pop();
  const scales = floats(file.sections.get('scales'));
  const table = file.sections.get('table')!;
  if (scales.length !== tokens.length || !tokens.length || table.length % tokens.length) {
    throw new PackBroken('content', 'table');
  }
  return { id, rules, tokens, scales, table: new Int8Array(table.buffer, table.byteOffset, table.length) };
}

function rowsOf(file: Container, held: Held | null): CaseRow[] {
  const { header } = file;
  const came = caseLines(file);
  if (header.kind === 'full') return newestFirst(came);
  if (!held || header.since !== held.meta.version) throw new PackBroken('base', 'version');
  const gone = new Set(json(file, 'gone', isTexts));
  const fresh = new Map(came.map((row) => [row[0], row]));
  const kept = held.rows.filter(([id]) => !gone.has(id)).map((row) => taken(fresh, row[0]) ?? row);
  return newestFirst([...kept, ...fresh.values()]);
}

/** By id, falling: an id begins with its moment. Equally good cases are shown in this order. */
const newestFirst = (rows: CaseRow[]): CaseRow[] => rows.sort((a, b) => (a[0] < b[0] ? 1 : -1));

function taken(fresh: Map<string, CaseRow>, id: string): CaseRow | undefined {
  const row = fresh.get(id);
  fresh.delete(id);
  return row;
}

function caseLines(file: Container): CaseRow[] {
  const lines = decode(file.sections.get('cases'), 'cases').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      let row: unknown;
      try {
        row = JSON.parse(line);
      } catch {
        throw new PackBroken('content', 'cases');
      }
      if (!isTexts(row) || row.length !== 7) throw new PackBroken('content', 'cases');
      return row as CaseRow;
    });
}

/** Those of unchanged questions are copied, as long as the encoder is the same. */
async function vectorsOf(
  rows: readonly CaseRow[],
  language: Language,
  held: Held | null,
  rest: () => Promise<void>,
): Promise<Vectors> {
  const text = new Text(new Map(Object.entries(language.rules.traditional)));
  const encoder = new Encoder(language.tokens, language.scales, language.table);
  const vectors = room(rows.length, encoder.dimension);
  const same = held && held.language.id === language.id ? held : null;
  const before = new Map(same?.rows.map(([id, question], row) => [id, { question, row }]));
  let computed = 0;
  for (let row = 0; row < rows.length; row++) {
    const [id, question] = rows[row]!;
    const old = before.get(id);
    if (same && old?.question === question) {
      copy(same.vectors, old.row, vectors, row);
      continue;
    }
    put(vectors, row, encoder.encode(text.tokens(question)));
    computed += 1;
    if (computed % AT_ONCE === 0) await rest();
  }
  return vectors;
}

/** Two bytes a character of the texts: near enough for a person to read. */
function sizeOf(language: Language, rows: readonly CaseRow[], vectors: Vectors): number {
  const letters = rows.reduce((sum, row) => sum + row.join('').length, 0) + language.tokens.join('').length;
  const numbers = language.table.byteLength + language.scales.byteLength;
  return 2 * letters + numbers + vectors.steps.byteLength + vectors.scales.byteLength;
}

/** Little endian, wherever this runs. */
function floats(bytes: Uint8Array<ArrayBuffer> | undefined): Float32Array<ArrayBuffer> {
  if (!bytes || bytes.length % 4) throw new PackBroken('content', 'scales');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: bytes.length / 4 }, (_, n) => view.getFloat32(4 * n, true));
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');
