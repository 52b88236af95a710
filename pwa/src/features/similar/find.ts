/** Asks the county for past cases that are like a text (MISSION S2.1 找类似). Online only, so far. */
import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { SimilarCase } from '../../contract/types.ts';
import { NoAnswer, Refusal, request } from '../../sync/api.ts';

export type Found =
  | { state: 'idle' | 'asking' | 'offline' }
  | { state: 'out_of_order'; reason: string }
  | { state: 'found'; text: string; abstained: boolean; results: SimilarCase[] };

export interface Wanted {
  text: string;
  industry?: string;
  crop?: string;
}

const LEAST_LETTERS = 4;
const PAUSE_MS = 500;

/** The cases like the text, asked for when the person stops typing for half a second. */
export function useFound(wanted: Wanted, k: number): Signal<Found> {
  const found = useMemo(() => signal<Found>({ state: 'idle' }), []);
  const { text, industry = '', crop = '' } = wanted;
  useEffect(() => {
    if (text.trim().length < LEAST_LETTERS) {
      found.value = { state: 'idle' };
      return;
    }
    if (!navigator.onLine) {
      found.value = { state: 'offline' };
      return;
    }
    let over = false;
    const timer = setTimeout(() => {
      if (found.value.state !== 'found') found.value = { state: 'asking' };
      void find({ text, industry, crop }, k).then((answer) => {
        if (!over) found.value = answer;
      });
    }, PAUSE_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [text, industry, crop, k]);
  return found;
}

async function find({ text, industry, crop }: Wanted, k: number): Promise<Found> {
  const body = { text, k, ...(industry ? { industry } : {}), ...(crop ? { crop } : {}) };
  try {
    const answer = await request<{ abstained: boolean; results: SimilarCase[] }>(
      'POST',
      '/api/similar',
      body,
    );
    return { state: 'found', text, abstained: answer.abstained, results: answer.results };
  } catch (error) {
    if (error instanceof Refusal) return { state: 'out_of_order', reason: error.reason };
    if (error instanceof NoAnswer) return { state: 'offline' };
    throw error;
  }
}
