/** Fetches a pack piece by piece; what arrived is on the disk, and the next try goes on behind it (docs/pack.md). */
import { PackBroken } from './container.ts';
import type { Keep, Underway } from './keep.ts';

/** The county says no, or has nothing yet. */
export class Refused extends Error {
  constructor(readonly status: number) {
    super(String(status));
  }
}

/** The link broke, or was given to something that matters more. What arrived stays. */
export class Cut extends Error {}

export interface Wish {
  county: string;
  /** What the phone holds; empty for none. */
  since: string;
  language: string;
}

export interface Road {
  fetch: typeof fetch;
  token: string;
  signal: AbortSignal;
  /** Bytes that arrived, of how many. */
  report: (done: number, total: number) => void;
}

const PATH = '/api/similar/pack';
/** Beyond this it is no pack of ours. */
const LARGEST = 64 * 1024 * 1024;
const SILENT_MS = 60_000;

/** The whole file. Throws Refused, Cut, PackBroken or NoRoom. */
export async function download(keep: Keep, wish: Wish, road: Road): Promise<Uint8Array<ArrayBuffer>> {
  const ask = pathOf(wish);
  // What the address does not say, but the answer depends on.
  const name = `${wish.county} ${ask}`;
  const before = await keep.underway();
  const begun = before?.head.ask === name && isStrong(before.head.etag) ? before : null;
  if (begun && lengthOf(begun) === begun.head.total) return join(begun);
  return await resumed(keep, name, ask, begun, road);
}

async function resumed(
  keep: Keep,
  name: string,
  ask: string,
  begun: Underway | null,
  road: Road,
): Promise<Uint8Array<ArrayBuffer>> {
  const silence = new Silence(road.signal);
  try {
    const had = begun ? lengthOf(begun) : 0;
    const response = await answered(ask, had && begun ? rangeOf(had, begun.head.etag) : {}, road, silence);
    if (response.status === 416 && begun) {
      await keep.abandon();
      return await resumed(keep, name, ask, null, road);
    }
    if (!response.ok) throw new Refused(response.status);
    const goesOn = response.status === 206;
    if (goesOn && !(begun && fits(response, begun, had))) {
      await keep.abandon();
      throw new PackBroken('header', 'the rest is of another file');
    }
    const total = goesOn ? begun!.head.total : totalOf(response);
    if (total > LARGEST) throw new PackBroken('size');
    if (!goesOn) await keep.begin({ ask: name, etag: response.headers.get('ETag') ?? '', total });
    await receive(response, keep, goesOn ? had : 0, total, road, silence);
  } finally {
    silence.over();
  }
  const whole = await keep.underway();
  if (!whole || whole.head.ask !== name || lengthOf(whole) !== whole.head.total) {
    throw new Cut('before the end');
  }
  return join(whole);
}

async function answered(
  path: string,
  headers: Record<string, string>,
  road: Road,
  silence: Silence,
): Promise<Response> {
  try {
    return await road.fetch(path, {
      headers: { Authorization: `Bearer ${road.token}`, ...headers },
      credentials: 'omit',
      cache: 'no-store',
      signal: silence.signal,
    });
  } catch (error) {
    throw new Cut(String(error));
  }
}

async function receive(
  response: Response,
  keep: Keep,
  had: number,
  total: number,
  road: Road,
  silence: Silence,
): Promise<void> {
  const reader = response.body!.getReader();
  let done = had;
  road.report(done, total);
  for (;;) {
    const next = await reader.read().catch((error: unknown) => {
      throw new Cut(String(error));
    });
    if (next.done) return;
    silence.heard();
    done += next.value.length;
    if (done > total) {
      await keep.abandon();
      throw new PackBroken('size');
    }
    await keep.append(next.value);
    road.report(done, total);
  }
}

/** A link that says nothing for a minute is as good as cut. */
class Silence {
  private readonly ending = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly end = () => this.ending.abort();

  constructor(private readonly given: AbortSignal) {
    if (given.aborted) this.end();
    given.addEventListener('abort', this.end);
    this.heard();
  }

  get signal(): AbortSignal {
    return this.ending.signal;
  }

  heard(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.end, SILENT_MS);
  }

  /** Whatever is still coming is not wanted. */
  over(): void {
    clearTimeout(this.timer);
    this.given.removeEventListener('abort', this.end);
    this.end();
  }
}

function pathOf({ since, language }: Wish): string {
  const has = new URLSearchParams();
  if (language) has.set('language', language);
  if (since) has.set('since', since);
  return [PATH, has.toString()].filter(Boolean).join('?');
}

/** Only then are bytes of two answers bytes of one file (RFC 9110, 8.8.1). */
const isStrong = (etag: string): boolean => etag.startsWith('"');

const rangeOf = (from: number, etag: string): Record<string, string> => ({
  Range: `bytes=${from}-`,
  'If-Range': etag,
});

function fits(response: Response, { head }: Underway, from: number): boolean {
  const etag = response.headers.get('ETag');
  return (
    (etag === null || etag === head.etag) &&
    response.headers.get('Content-Range') === `bytes ${from}-${head.total - 1}/${head.total}`
  );
}

function totalOf(response: Response): number {
  const length = Number(response.headers.get('Content-Length') ?? NaN);
  if (!Number.isSafeInteger(length)) throw new PackBroken('header', 'no length');
  return length;
}

/** Bytes that arrived. */
export const lengthOf = ({ pieces }: Underway): number =>
  pieces.reduce((sum, piece) => sum + piece.length, 0);

function join(underway: Underway): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(lengthOf(underway));
  let place = 0;
  for (const piece of underway.pieces) {
    whole.set(piece, place);
    place += piece.length;
  }
  return whole;
}
