/**
 * The sentence encoder on the phone (search/static.py): a text's vector is the sum of its tokens' rows, brought to
 * length one. The rows are int8, each with what one of its steps is worth.
 */
import { isBigram } from './text.ts';

export class Encoder {
  readonly dimension: number;
  private readonly vocabulary = new Map<string, number>();

  /** `table`: row after row. */
  constructor(
    tokens: readonly string[],
    private readonly scales: Float32Array,
    private readonly table: Int8Array,
  ) {
    this.dimension = tokens.length ? table.length / tokens.length : 0;
    tokens.forEach((token, row) => this.vocabulary.set(token, row));
  }

  /** Of length one, or zero where the table knows none of the tokens. */
  encode(tokens: readonly string[]): Float32Array {
    const { dimension, scales, table } = this;
    const vector = new Float32Array(dimension);
    for (const token of tokens) {
      const row = this.vocabulary.get(token);
      if (row === undefined) continue;
      const begin = row * dimension;
      const worth = scales[row]!;
      for (let n = 0; n < dimension; n++) vector[n]! += table[begin + n]! * worth;
    }
    return normalised(vector);
  }

  /** The bigrams and words that the table does not know, each once. */
  strange(tokens: readonly string[]): string[] {
    return [...new Set(tokens)].filter((token) => isBigram(token) && !this.vocabulary.has(token));
  }

  /** The share, 0 to 1, of the bigrams and words that the table knows; one character is none. */
  known(tokens: readonly string[]): number {
    const wide = tokens.filter(isBigram);
    return wide.length ? wide.filter((token) => this.vocabulary.has(token)).length / wide.length : 0;
  }
}

function normalised(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  // In single precision, as on the server: the two then round alike.
  const length = Math.fround(Math.sqrt(sum));
  if (length > 0) for (let n = 0; n < vector.length; n++) vector[n]! /= length;
  return vector;
}
