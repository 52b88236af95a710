/** The cases' vectors as the phone keeps them: int8, with one scale a vector (docs/decisions/0008). */

export interface Vectors {
  dimension: number;
  /** Row after row. */
  steps: Int8Array<ArrayBuffer>;
  /** What one step of a row is worth. */
  scales: Float32Array<ArrayBuffer>;
}

const MOST = 127;

/** Room for so many, all zero. */
export function room(count: number, dimension: number): Vectors {
  return { dimension, steps: new Int8Array(count * dimension), scales: new Float32Array(count) };
}

/** Puts a vector into a row. */
export function put(vectors: Vectors, row: number, vector: Float32Array): void {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  const scale = Math.fround(largest / MOST);
  vectors.scales[row] = scale;
  const begin = row * vectors.dimension;
  for (let n = 0; n < vector.length; n++) vectors.steps[begin + n] = scale ? evenly(vector[n]! / scale) : 0;
}

/** Copies a row of one into a row of another. */
export function copy(from: Vectors, source: number, to: Vectors, row: number): void {
  const { dimension } = to;
  to.steps.set(from.steps.subarray(source * dimension, (source + 1) * dimension), row * dimension);
  to.scales[row] = from.scales[source]!;
}

/** Cosine of every row with a vector of length one. */
export function cosines(vectors: Vectors, query: Float32Array): Float32Array {
  const { dimension, steps, scales } = vectors;
  const found = new Float32Array(scales.length);
  // Four sums side by side: one alone would wait for itself at every step.
  for (let row = 0, place = 0; row < found.length; row++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let n = 0;
    for (; n + 3 < dimension; n += 4, place += 4) {
      a += steps[place]! * query[n]!;
      b += steps[place + 1]! * query[n + 1]!;
      c += steps[place + 2]! * query[n + 2]!;
      d += steps[place + 3]! * query[n + 3]!;
    }
    for (; n < dimension; n++) a += steps[place++]! * query[n]!;
    found[row] = (a + b + c + d) * scales[row]!;
  }
  return found;
}

/** Cosine of two rows. */
export function cosine(vectors: Vectors, one: number, other: number): number {
  const { dimension, steps, scales } = vectors;
  let sum = 0;
  for (let n = 0; n < dimension; n++) sum += steps[one * dimension + n]! * steps[other * dimension + n]!;
  return sum * scales[one]! * scales[other]!;
}

/** As NumPy rounds: a half goes to the even neighbour. */
function evenly(value: number): number {
  const near = Math.round(value);
  return near - value === 0.5 && near % 2 !== 0 ? near - 1 : near;
}
