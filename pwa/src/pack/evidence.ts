/** What speaks for every case (search/ranking.py, `score`): meaning, words of the question, words of the reply. */
import { boost, type Circumstances } from './boosts.ts';
import type { Column } from './columns.ts';
import type { Numbers } from './rules.ts';

/** How every case matches a query, each 0 to about 1. */
export interface Matches {
  cosine: Float32Array;
  words: Float32Array;
  reply: Float32Array;
}

export interface Asked {
  known: number;
  /** Characters, punctuation aside. */
  length: number;
  subjects: ReadonlySet<string>;
  circumstances: Circumstances;
  month: number;
}

/** Of one case: what speaks for it, before the factor; ranked by `total`, its score, which has factor and boosts. */
export interface Scored {
  meaning: number;
  reply: number;
  total: number;
}

/** Three witnesses, whose chances of being wrong are multiplied. In single precision, as on the server. */
export function score(rules: Numbers, matches: Matches, row: number, column: Column, asked: Asked): Scored {
  const { MEANING, WORDS, REPLY, SPREAD, SHORT, LONG, LENGTH, KNOWN } = rules;
  const length = Math.min(1, LONG / Math.max(column.length, 1)) ** LENGTH;
  const near = Math.fround(matches.cosine[row]! * Math.fround(asked.known ** KNOWN));
  const meaning = Math.fround(MEANING * witness(rules, near * length));
  const spread = (match: number): number => Math.fround(clip(match) ** SPREAD);
  const words = Math.fround(WORDS * witness(rules, spread(matches.words[row]!)));
  const spoken = Math.fround(REPLY * Math.min(1, asked.length / SHORT));
  const reply = Math.fround(spoken * witness(rules, spread(matches.reply[row]!)));
  const strength = Math.fround(Math.fround(meaning + words + reply) * factor(rules, column, asked));
  const raised = boost(rules, column, asked.circumstances, asked.month);
  return { meaning, reply, total: raised - Math.expm1(-strength) };
}

/** The evidence of a match: -ln of the chance that it misleads. */
const witness = ({ CERTAIN }: Numbers, match: number): number =>
  Math.fround(-Math.log1p(Math.fround(-CERTAIN) * clip(match)));

const clip = (match: number): number => Math.min(1, Math.max(0, match));

/** A case that names crops or animals, and none of the asked ones, counts less. */
function factor({ OTHER_SUBJECT }: Numbers, { about }: Column, asked: Asked): number {
  if (about.size === 0 || asked.subjects.size === 0) return 1;
  for (const name of about) if (asked.subjects.has(name)) return 1;
  return Math.fround(OTHER_SUBJECT);
}
