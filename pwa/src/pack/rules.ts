/** The numbers and names that come with a pack (docs/pack.md, section `rules`), as search/ has them. */
import type { NameRow } from './names.ts';

/** Constants of search/ranking.py, lexical.py, fold.py and boosts.py by their names there. */
const NUMBERS = [
  ...['K1', 'B', 'CANDIDATES', 'CERTAIN', 'MEANING', 'KNOWN', 'LONG', 'LENGTH', 'WORDS', 'REPLY', 'SPREAD'],
  'SHORT',
  ...['OTHER_SUBJECT', 'CROP', 'INDUSTRY', 'SEASON', 'PLACE', '_TOWNSHIP', '_COUNTY'],
  ...['SAME_TEXT', 'SAME_SENSE', 'ALIKE'],
] as const;

/** Of search/confidence.py: its constants in capitals, and the weight of every fact. */
const CONFIDENCE = [
  ...['LONG', 'CROWD_LEAST', 'CROWD_MOST', 'cut'],
  ...[
    'base',
    'meaning',
    'reply',
    'rare',
    'common',
    'known',
    'length',
    'crowd',
    'other_subject',
    'missed_subject',
  ],
] as const;

export type Numbers = Readonly<Record<(typeof NUMBERS)[number], number>>;
export type Weights = Readonly<Record<(typeof CONFIDENCE)[number], number>>;

export interface Rules {
  traditional: Readonly<Record<string, string>>;
  names: readonly NameRow[];
  ranking: Numbers;
  confidence: Weights;
}

/** Whether this version of the application can rank by them: an older or newer county may count differently. */
export function isRules(value: unknown): value is Rules {
  const rules = value as Partial<Rules> | null;
  return (
    Array.isArray(rules?.names) &&
    typeof rules.traditional === 'object' &&
    has(rules.ranking, NUMBERS) &&
    has(rules.confidence, CONFIDENCE)
  );
}

const has = (numbers: object | undefined, names: readonly string[]): boolean =>
  names.every((name) => typeof (numbers as Record<string, unknown> | undefined)?.[name] === 'number');
