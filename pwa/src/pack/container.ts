/** The file of an offline pack, taken apart and checked (docs/pack.md, "The file"). Twin of search/pack. */
import { sha256 } from '../domain/sha256.ts';

const MAGIC = 'TWPACK1\n';
const FORMAT = 1;
const LARGEST_HEADER = 64 * 1024;
/** What a phone is ready to unpack, all sections together: an encoder of 22,000 rows and 20,000 cases fit twice. */
const LARGEST = 64 * 1024 * 1024;

export type Flaw = 'cut' | 'magic' | 'format' | 'header' | 'digest' | 'size' | 'content' | 'county' | 'base';

/** The file is not what it should be: thrown away as a whole, what the phone had stays in use. */
export class PackBroken extends Error {
  constructor(
    readonly flaw: Flaw,
    detail = '',
  ) {
    super(detail ? `${flaw}: ${detail}` : flaw);
  }
}

export interface Header {
  format: number;
  kind: 'full' | 'difference';
  county: string;
  version: string;
  since: string | null;
  language: string;
  count: number;
  left_out: number;
  sections: { name: string; bytes: number; unpacked: number; sha256: string }[];
}

export interface Container {
  header: Header;
  /** Unpacked, by name. */
  sections: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** Throws PackBroken. */
export async function parse(file: Uint8Array<ArrayBuffer>): Promise<Container> {
  const [header, begin] = readHeader(file);
  const end = header.sections.reduce((place, section) => place + section.bytes, begin);
  if (end > file.length) throw new PackBroken('cut', `${file.length} of ${end} bytes`);
  if (end < file.length) throw new PackBroken('header', `${file.length - end} bytes too many`);
  if (header.sections.reduce((sum, section) => sum + section.unpacked, 0) > LARGEST) {
    throw new PackBroken('size');
  }
  const sections = new Map<string, Uint8Array<ArrayBuffer>>();
  let place = begin;
  for (const section of header.sections) {
    const packed = file.subarray(place, place + section.bytes);
    place += section.bytes;
    if ((await sha256(packed)) !== section.sha256) throw new PackBroken('digest', section.name);
    sections.set(section.name, await unpack(packed, section.unpacked));
  }
  return { header, sections };
}

/** The JSON of a section. Throws PackBroken. */
export function json<T>(container: Container, name: string, holds: (value: unknown) => value is T): T {
  const value = parsed(container.sections.get(name), name);
  if (!holds(value)) throw new PackBroken('content', name);
  return value;
}

function readHeader(file: Uint8Array<ArrayBuffer>): [Header, number] {
  const magic = String.fromCharCode(...file.subarray(0, MAGIC.length));
  if (!MAGIC.startsWith(magic)) throw new PackBroken('magic');
  if (file.length < MAGIC.length + 4) throw new PackBroken('cut');
  const length = new DataView(file.buffer, file.byteOffset).getUint32(MAGIC.length, true);
  const begin = MAGIC.length + 4 + length;
  if (length > LARGEST_HEADER) throw new PackBroken('header', 'too long');
  if (begin > file.length) throw new PackBroken('cut');
  const header = parsed(file.subarray(MAGIC.length + 4, begin), 'header') as Partial<Header> | null;
  if (typeof header !== 'object' || header === null) throw new PackBroken('header');
  if (header.format !== FORMAT) throw new PackBroken('format', String(header.format));
  if (!isHeader(header)) throw new PackBroken('header');
  return [header, begin];
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown) => typeof value === 'string';

function isHeader(header: Partial<Header>): header is Header {
  return (
    (header.kind === 'full' || header.kind === 'difference') &&
    [header.county, header.version, header.language].every(isText) &&
    (header.kind === 'full' ? header.since === null : isText(header.since)) &&
    isCount(header.count) &&
    isCount(header.left_out) &&
    Array.isArray(header.sections) &&
    new Set(header.sections.map((each) => each?.name)).size === header.sections.length &&
    header.sections.every(
      (each) => isText(each?.name) && isCount(each.bytes) && isCount(each.unpacked) && isText(each.sha256),
    )
  );
}

function parsed(bytes: Uint8Array<ArrayBuffer> | undefined, name: string): unknown {
  try {
    return JSON.parse(decode(bytes, name)) as unknown;
  } catch (error) {
    throw error instanceof PackBroken ? error : new PackBroken('content', name);
  }
}

/** The text of a section. Throws PackBroken. */
export function decode(bytes: Uint8Array<ArrayBuffer> | undefined, name: string): string {
  if (!bytes) throw new PackBroken('content', `no ${name}`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PackBroken('content', name);
  }
}

/** Never holds more than was announced: a few bytes could otherwise unpack to all the memory there is. */
async function unpack(packed: Uint8Array<ArrayBuffer>, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(size);
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new PackBroken('content', 'gzip');
    });
    if (done) break;
    if (filled + value.length > size) {
      await reader.cancel().catch(() => undefined);
      throw new PackBroken('size');
    }
    whole.set(value, filled);
    filled += value.length;
  }
  if (filled !== size) throw new PackBroken('size');
  return whole;
}
