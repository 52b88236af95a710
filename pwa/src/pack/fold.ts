/** Near-duplicates (search/fold.py): nobody wants to read the same question five times. */
import { keyOf, type Concept } from './names.ts';
import type { Numbers } from './rules.ts';
import { charactersOf } from './text.ts';

type FoldRules = Pick<Numbers, 'SAME_TEXT' | 'SAME_SENSE' | 'ALIKE'>;

interface Taken {
  row: number;
  said: ReadonlySet<string>;
  things: string;
}

/** The character bigrams of a fold key; a single character stands for itself. */
export function bigrams(key: string): Set<string> {
  const characters = charactersOf(key);
  const found = new Set<string>();
  for (let place = 0; place < Math.max(1, characters.length - 1); place++) {
    found.add((characters[place] ?? '') + (characters[place + 1] ?? ''));
  }
  return found;
}

/** The share that two sets have in common, 0 to 1. */
export function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let common = 0;
  for (const each of one) if (other.has(each)) common += 1;
  const union = one.size + other.size - common;
  return union ? common / union : 1;
}

/** The questions taken so far. */
export class Shown {
  private readonly keys = new Set<string>();
  private readonly taken: Taken[] = [];

  /** `near` gives the cosine of two rows. */
  constructor(
    private readonly rules: FoldRules,
    private readonly near: (one: number, other: number) => number,
  ) {}

  /** Whether a question says what one before it said; if not, it is taken. */
  seen(row: number, key: string, names: readonly Concept[]): boolean {
    if (this.keys.has(key)) return true;
    const said = bigrams(key);
    const things = [...new Set(names.map(keyOf))].sort().join('\n');
    for (const other of this.taken) {
      // Two numbers or two names in otherwise equal sentences are two questions.
      if (things !== other.things) continue;
      const share = jaccard(said, other.said);
      if (share > this.rules.SAME_TEXT) return true;
      if (share > this.rules.ALIKE && this.near(other.row, row) > this.rules.SAME_SENSE) return true;
    }
    this.keys.add(key);
    this.taken.push({ row, said, things });
    return false;
  }
}
