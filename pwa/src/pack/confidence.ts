/** How sure to be that the best case answers the question (search/confidence.py); weights come with the pack. */
import type { Weights } from './rules.ts';

export interface Evidence {
  /** Two of the three parts of what speaks for the case. */
  meaning: number;
  reply: number;
  /** The rarity of the rarest word of the question that the case has and the encoder does not know, 0 to 1. */
  rare: number;
  /** The rarity of the rarest of all words that both questions have. */
  common: number;
  known: number;
  /** Characters of the question, punctuation aside. */
  length: number;
  /** The crops and animals that the question names, and the case. */
  asked: ReadonlySet<string>;
  named: ReadonlySet<string>;
  /** Among how many cases it was found. */
  crowd: number;
}

/** 0 to 1. */
export function confidence(weights: Weights, evidence: Evidence): number {
  let total = 0;
  for (const [name, fact] of Object.entries(facts(weights, evidence)))
    total += weights[name as keyof Weights] * fact;
  return 1 / (1 + Math.exp(-total));
}

function facts(
  { LONG, CROWD_LEAST, CROWD_MOST }: Weights,
  evidence: Evidence,
): Omit<Weights, 'cut' | 'LONG' | 'CROWD_LEAST' | 'CROWD_MOST'> {
  const { meaning, reply, rare, common, known, length, asked, named, crowd } = evidence;
  const shared = [...asked].filter((name) => named.has(name)).length;
  return {
    base: 1,
    meaning,
    reply,
    rare,
    common,
    known,
    length: Math.min(length, LONG) / LONG,
    crowd: Math.log(Math.min(Math.max(crowd, CROWD_LEAST), CROWD_MOST)),
    other_subject: Number(asked.size > 0 && named.size > 0 && shared === 0),
    missed_subject: Number(shared < asked.size),
  };
}
