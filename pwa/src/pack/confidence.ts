/** How sure to be that the best case answers the question (search/confidence.py); weights come with the pack. */
import type { Weights } from './rules.ts';

export interface Evidence {
  /** What speaks for the case without what only orders near equals. */
  strength: number;
  cosine: number;
  /** Shares of the best possible BM25 over the case's question, and over its reply. */
  words: number;
  reply: number;
  known: number;
  /** Characters of the question, punctuation aside. */
  length: number;
  /** The crops and animals that the question names, and the case. */
  asked: ReadonlySet<string>;
  named: ReadonlySet<string>;
}

/** 0 to 1. */
export function confidence(weights: Weights, evidence: Evidence): number {
  let total = 0;
  for (const [name, fact] of Object.entries(facts(weights, evidence)))
    total += weights[name as keyof Weights] * fact;
  return 1 / (1 + Math.exp(-total));
}

function facts({ LONG }: Weights, evidence: Evidence): Omit<Weights, 'cut' | 'LONG'> {
  const { strength, words, reply, known, length, asked, named } = evidence;
  const shared = [...asked].filter((name) => named.has(name)).length;
  return {
    base: 1,
    strength,
    words,
    reply,
    known,
    length: Math.min(length, LONG) / LONG,
    other_subject: Number(asked.size > 0 && named.size > 0 && shared === 0),
    added_subject: Number(named.size > 0 && asked.size === 0),
    missed_subject: Number(shared < asked.size),
  };
}
