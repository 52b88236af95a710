/** What is asked of the pack, and what it answers (search/asking.py). */
import type { Circumstances } from './boosts.ts';

export interface Question {
  text: string;
  k: number;
  /** Only cases of this line of farming, of this crop. */
  industry?: string;
  crop?: string;
  /** What raises a case without hiding another. */
  circumstances?: Circumstances;
}

export interface Hit {
  id: string;
  score: number;
  question: string;
  answer: string;
  industry: string;
  crop: string;
  region: string;
  date: string;
}

/** Nothing is similar enough to show where `abstained`; `reason` then says why. */
export interface Similar {
  abstained: boolean;
  results: Hit[];
  reason: '' | 'nothing_similar' | 'not_chinese' | 'empty';
}
