/**
 * Comparing the documents of this phone with the county's without sending them, as sync/exchange/digest.py does
 * (docs/sync.md, "Comparing"). Pure. A fingerprint is 16 hex digits; numbers of 64 bits are kept as two of 32.
 */
import Md5 from 'spark-md5';

export type Fingerprint = string;

const DIGITS = 16;
const MOST_BUCKETS = 4096;
const A_BUCKET = 16;

/** The first eight bytes of md5("<id> <rev>"). */
export const fingerprint = (id: string, rev: string): Fingerprint =>
  Md5.hash(`${id} ${rev}`).slice(0, DIGITS);

export const bucketOf = (mark: Fingerprint, size: number) => parseInt(mark.slice(0, 4), 16) % size;

/** How many buckets a set of so many revisions wants. */
export function sizeFor(count: number): number {
  let size = 1;
  while (size < MOST_BUCKETS && size * A_BUCKET < count) size *= 2;
  return size;
}

/** The exclusive or of the fingerprints in each bucket, as it goes over the wire. */
export function digest(marks: Iterable<Fingerprint>, size: number): string {
  const words = new Uint32Array(size * 2);
  for (const mark of marks) {
    const at = bucketOf(mark, size) * 2;
    words[at] = words[at]! ^ parseInt(mark.slice(0, 8), 16);
    words[at + 1] = words[at + 1]! ^ parseInt(mark.slice(8), 16);
  }
  return toBase64([...words].map((word) => word.toString(16).padStart(8, '0')).join(''));
}

/** The fingerprints in the named buckets, as they go over the wire. */
export function listing(
  marks: Iterable<Fingerprint>,
  size: number,
  buckets: readonly number[],
): [number, Record<string, string>] {
  const found = new Map<number, Fingerprint[]>(buckets.map((bucket) => [bucket, []]));
  for (const mark of marks) found.get(bucketOf(mark, size))?.push(mark);
  const lists = [...found].map(([bucket, held]) => [bucket, toBase64(held.sort().join(''))]);
  return [size, Object.fromEntries(lists) as Record<string, string>];
}

/** Fingerprints from the wire. */
export function parseMarks(text: string): Fingerprint[] {
  const digits = [...atob(text)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  const marks: Fingerprint[] = [];
  for (let at = 0; at < digits.length; at += DIGITS) marks.push(digits.slice(at, at + DIGITS));
  return marks;
}

function toBase64(digits: string): string {
  let bytes = '';
  for (let at = 0; at < digits.length; at += 2) {
    bytes += String.fromCharCode(parseInt(digits.slice(at, at + 2), 16));
  }
  return btoa(bytes);
}
