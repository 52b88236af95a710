/** Hybrid logical clock of a consultation, as in models/clock.py: 12 hex digits of milliseconds, 4 of counter. */

const STAMP = /^[0-9a-f]{16}$/;
const MILLISECONDS_LIMIT = 2 ** 48;
const COUNTER_LIMIT = 1 << 16;

/** The stamp of a moment; RangeError beyond 48 bits of milliseconds. Sorts as text. */
export function stamp(milliseconds: number, counter = 0): string {
  if (milliseconds >= MILLISECONDS_LIMIT) throw new RangeError(`no stamp for ${milliseconds} ms`);
  return milliseconds.toString(16).padStart(12, '0') + counter.toString(16).padStart(4, '0');
}

/** [milliseconds since 1970, counter] of a stamp; RangeError where it is none. */
export function parts(text: string): [number, number] {
  if (!STAMP.test(text)) throw new RangeError(`not a stamp: ${text}`);
  return [parseInt(text.slice(0, 12), 16), parseInt(text.slice(12), 16)];
}

/** A stamp greater than all of `seen`, and at least the wall clock's. A phone before 1970 counts as 1970. */
export function nextStamp(now: number, seen: Iterable<string> = []): string {
  const wall = Math.max(0, Math.floor(now));
  let greatest = '';
  for (const each of seen) if (each > greatest) greatest = each;
  if (greatest === '') return stamp(wall);
  const [milliseconds, counter] = parts(greatest);
  if (wall > milliseconds) return stamp(wall);
  return counter + 1 < COUNTER_LIMIT ? stamp(milliseconds, counter + 1) : stamp(milliseconds + 1);
}
