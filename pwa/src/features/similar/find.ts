/**
 * Past cases that are like a text (MISSION S2.1 找类似): from the county, and from the pack on this phone where the
 * county is out of reach, slow, or in repair.
 */
import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { SimilarCase } from '../../contract/types.ts';
import { ask, held, warmUp } from '../../pack/pack.ts';
import { placeName } from '../../store/programme.ts';
import { person } from '../../store/session.ts';
import { NoAnswer, reach, Refusal, request } from '../../sync/api.ts';

export type Found =
  | { state: 'idle' | 'asking' | 'offline' }
  | { state: 'out_of_order'; reason: string }
  | { state: 'found'; text: string; abstained: boolean; results: SimilarCase[]; from: 'county' | 'phone' };

export interface Wanted {
  text: string;
  industry?: string;
  crop?: string;
}

const LEAST_LETTERS = 4;
const PAUSE_MS = 500;
/** The phone answers itself: nobody has to be spared. */
const SHORT_PAUSE_MS = 150;
/** A slow link is given so long, and then left alone for a while. */
const PATIENCE_MS = 2_500;
const REST_MS = 30_000;
/** Find similar is loading, or has no index yet. */
const IN_REPAIR = 503;

let slowUntil = 0;

/** The cases like the text, looked for when the person stops typing. */
export function useFound(wanted: Wanted, k: number): Signal<Found> {
  const found = useMemo(() => signal<Found>({ state: 'idle' }), []);
  const { text, industry = '', crop = '' } = wanted;
  const version = held.value?.version;
  useEffect(warmUp, [version]);
  useEffect(() => {
    if (text.trim().length < LEAST_LETTERS) {
      found.value = { state: 'idle' };
      return;
    }
    const leaving = new AbortController();
    const timer = setTimeout(
      () => {
        if (found.value.state !== 'found') found.value = { state: 'asking' };
        void find({ text, industry, crop }, k, leaving.signal).then((answer) => {
          if (!leaving.signal.aborted) found.value = answer;
        });
      },
      isReachable() ? PAUSE_MS : SHORT_PAUSE_MS,
    );
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [text, industry, crop, k, version]);
  return found;
}

async function find(wanted: Wanted, k: number, leaving: AbortSignal): Promise<Found> {
  if (!isReachable()) return (await onPhone(wanted, k)) ?? { state: 'offline' };
  const county = new AbortController();
  leaving.addEventListener('abort', () => county.abort());
  const asked = inCounty(wanted, k, county.signal).catch((error: unknown): Found | Promise<Found> =>
    county.signal.aborted ? { state: 'offline' } : fallback(error, wanted, k),
  );
  const first = await Promise.race([asked, pause(PATIENCE_MS)]);
  if (first) return first;
  const here = await onPhone(wanted, k);
  if (!here) return asked;
  slowUntil = Date.now() + REST_MS;
  county.abort();
  return here;
}

/** Whether it is worth asking the county at all. */
const isReachable = (): boolean =>
  navigator.onLine && reach.value !== 'offline' && !(held.value && Date.now() < slowUntil);

async function inCounty({ text, industry, crop }: Wanted, k: number, signal: AbortSignal): Promise<Found> {
  const body = { text, k, ...(industry ? { industry } : {}), ...(crop ? { crop } : {}) };
  const { abstained, results } = await request<{ abstained: boolean; results: SimilarCase[] }>(
    'POST',
    '/api/similar',
    body,
    signal,
  );
  return { state: 'found', text, abstained, results, from: 'county' };
}

async function fallback(error: unknown, wanted: Wanted, k: number): Promise<Found> {
  if (error instanceof Refusal && error.status !== IN_REPAIR) {
    return { state: 'out_of_order', reason: error.reason };
  }
  const here = await onPhone(wanted, k);
  if (here) return here;
  if (error instanceof Refusal) return { state: 'out_of_order', reason: error.reason };
  if (error instanceof NoAnswer) return { state: 'offline' };
  throw error;
}

/** As the county would search, for this place and day; null where the phone has nothing to look in. */
async function onPhone({ text, industry = '', crop = '' }: Wanted, k: number): Promise<Found | null> {
  const region = placeName(person.value?.region ?? '').township;
  const circumstances = { industry, crop, region, date: today() };
  const similar = await ask({ text, k, industry, crop, circumstances });
  return similar && { state: 'found', text, ...similar, from: 'phone' };
}

function today(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

const pause = (milliseconds: number) =>
  new Promise<null>((resolve) => setTimeout(() => resolve(null), milliseconds));
