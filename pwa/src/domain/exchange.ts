/** What goes over the wire in an exchange (docs/sync.md), and where the phone stands after it. Pure. */
import type { AnyDocument } from '../contract/types.ts';
import { digest, listing, sizeFor, type Fingerprint } from './digest.ts';

export interface Message {
  s?: string;
  b?: number;
  d?: AnyDocument[];
  q?: [string, string][];
  w?: number;
  k?: string;
  l?: [number, Record<string, string>];
}

/** id, error, reason, receipt, code */
export type Refused = [string, string, string, string | null, string | null];

export interface Answer {
  s?: string;
  d?: AnyDocument[];
  x?: string[];
  f?: Refused[];
  h?: string[];
  n?: number;
  o?: number;
  c?: number[];
  u?: string;
}

/** Where the phone stands: at a place in its feed, at the beginning (null), or comparing. */
export interface Place {
  since: string | null;
  comparing: Comparing | null;
}

/** `place`: where the feed goes on when it is over; null until the digests were compared. */
export interface Comparing {
  place: string | null;
  size: number;
  buckets: number[];
}

export const BEGINNING: Place = { since: null, comparing: null };
const UNCOMPARED: Comparing = { place: null, size: 0, buckets: [] };

/** The place was lost, or is none of this feed: compare, unless there is nothing to compare. */
export const lost = (documents: number): Place => ({
  since: null,
  comparing: documents ? UNCOMPARED : null,
});

/** The part of a message that says where the phone stands. `marks` only while comparing. */
export function placeIn(place: Place, marks: readonly Fingerprint[]): [Place, Message] {
  const { comparing } = place;
  if (!comparing) return [place, place.since === null ? {} : { s: place.since }];
  if (comparing.place !== null) return [place, { l: listing(marks, comparing.size, comparing.buckets) }];
  const size = sizeFor(marks.length);
  return [{ ...place, comparing: { ...comparing, size } }, { k: digest(marks, size) }];
}

/** Where the phone stands once it has stored `answer`. A place in another feed is for the caller to see. */
export function follow(place: Place, message: Message, answer: Answer): Place {
  const { comparing } = place;
  if (message.k !== undefined && comparing) {
    const next = { ...comparing, place: answer.s ?? null, buckets: answer.c ?? [] };
    return next.buckets.length ? { ...place, comparing: next } : { since: next.place, comparing: null };
  }
  if (message.l && comparing) return answer.n ? place : { since: comparing.place, comparing: null };
  return answer.s === undefined ? place : { since: answer.s, comparing: null };
}
