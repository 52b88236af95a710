/** What `version` and `language` of a pack stand for (docs/pack.md, "The file"). */
import { sha256 } from '../domain/sha256.ts';

const DIGITS = 16;
const SECTIONS = ['rules', 'tokens', 'scales', 'table'];
const AT_ONCE = 256;

const digest = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  (await sha256(bytes)).slice(0, DIGITS);
const bytesOf = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

/** Of the four sections of a language. */
export async function languageOf(sections: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Promise<string> {
  const found = SECTIONS.map((name) => digest(sections.get(name) ?? new Uint8Array()));
  return digest(bytesOf((await Promise.all(found)).join('')));
}

/** Of a set of cases, whatever their order; `rest` is awaited between some and some. */
export async function versionOf(
  rows: readonly (readonly string[])[],
  rest: () => Promise<void> = async () => undefined,
): Promise<string> {
  const lines: string[] = [];
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const some = rows.slice(from, from + AT_ONCE);
    const digests = await Promise.all(some.map((row) => digest(bytesOf(JSON.stringify(row)))));
    some.forEach(([id], n) => lines.push(`${id} ${digests[n]}\n`));
    await rest();
  }
  return digest(bytesOf(lines.sort().join('')));
}
