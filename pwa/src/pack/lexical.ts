/** BM25 (search/lexical.py) over typed arrays; the same steps of the same size, so that scores are the same. */

import type { Numbers } from './rules.ts';

export type WordRules = Pick<Numbers, 'K1' | 'B'>;

/** Impacts are stored in so many steps between 0 and K1 + 1. */
const STEPS = 65535;

/** Collects documents; the n-th that is added is document n. */
export class Counts {
  readonly terms = new Map<string, number>();
  readonly numbers: number[] = [];
  readonly owners: number[] = [];
  readonly repeats: number[] = [];
  readonly lengths: number[] = [];

  /** Per term: where its last posting stands. */
  private readonly last: number[] = [];

  add(list: readonly string[]): void {
    const document = this.lengths.length;
    for (const token of list) {
      let term = this.terms.get(token);
      if (term === undefined) this.terms.set(token, (term = this.terms.size));
      const place = this.last[term];
      if (place !== undefined && this.owners[place] === document) {
        this.repeats[place]! += 1;
        continue;
      }
      this.last[term] = this.numbers.length;
      this.numbers.push(term);
      this.owners.push(document);
      this.repeats.push(1);
    }
    this.lengths.push(list.length);
  }
}

export class Lexical {
  private readonly terms: ReadonlyMap<string, number>;
  /** Postings of term t stand at offsets[t] to offsets[t + 1]. */
  private readonly offsets: Uint32Array;
  private readonly documents: Uint32Array;
  private readonly impacts: Uint16Array;
  private readonly count: number;
  private readonly mean: number;
  private readonly step: number;

  constructor(
    private readonly rules: WordRules,
    { terms, numbers, owners, repeats, lengths }: Counts,
  ) {
    this.terms = terms;
    this.count = lengths.length;
    // The empty ones aside: where few cases have a reply, it would otherwise count as long.
    const filled = lengths.filter((length) => length > 0);
    this.mean = filled.length ? Math.fround(filled.reduce((sum, each) => sum + each, 0) / filled.length) : 0;
    this.step = (rules.K1 + 1) / STEPS;
    this.offsets = offsetsOf(numbers, terms.size);
    this.documents = new Uint32Array(numbers.length);
    this.impacts = new Uint16Array(numbers.length);
    const next = this.offsets.slice();
    for (let n = 0; n < numbers.length; n++) {
      const place = next[numbers[n]!]!++;
      this.documents[place] = owners[n]!;
      const share = this.share(repeats[n]!, lengths[owners[n]!]!);
      this.impacts[place] = Math.round(share / this.step);
    }
  }

  /** The weight of a token; one that no document has weighs most. */
  idf(token: string): number {
    const term = this.terms.get(token);
    const frequency = term === undefined ? 0 : this.offsets[term + 1]! - this.offsets[term]!;
    return Math.log1p((this.count - frequency + 0.5) / (frequency + 0.5));
  }

  /** The weight of a token as a share of what one weighs that no document has, 0 to 1. */
  rarity(token: string): number {
    return this.idf(token) / Math.log1p((this.count + 0.5) / 0.5);
  }

  holds(token: string, document: number): boolean {
    const term = this.terms.get(token);
    if (term === undefined) return false;
    return this.documents.subarray(this.offsets[term], this.offsets[term + 1]).includes(document);
  }

  /** Adds `weight` times BM25 of every document to `total`; a repeated token of the query counts once. */
  addScores(query: Iterable<string>, weight: number, total: Float32Array): void {
    for (const token of new Set(query)) {
      const term = this.terms.get(token);
      if (term === undefined) continue;
      const worth = Math.fround(Math.fround(this.idf(token)) * this.step * weight);
      const end = this.offsets[term + 1]!;
      for (let place = this.offsets[term]!; place < end; place++) {
        total[this.documents[place]!]! += Math.fround(this.impacts[place]! * worth);
      }
    }
  }

  /** What a document that repeats the query word by word would score: the measure of a full match. */
  bestPossible(query: readonly string[]): number {
    let sum = 0;
    for (const [token, repeat] of counted(query)) {
      sum += this.idf(token) * this.share(repeat, query.length);
    }
    return sum;
  }

  /** A term's share of its weight in a document of so many tokens. */
  private share(repeat: number, length: number): number {
    const { K1, B } = this.rules;
    const spread = 1 - B + (B * length) / (this.mean || length || 1);
    return (repeat * (K1 + 1)) / (repeat + K1 * spread);
  }
}

function offsetsOf(numbers: readonly number[], terms: number): Uint32Array {
  const offsets = new Uint32Array(terms + 1);
  for (const term of numbers) offsets[term + 1]! += 1;
  for (let term = 0; term < terms; term++) offsets[term + 1]! += offsets[term]!;
  return offsets;
}

function counted(list: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const token of list) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}
