/** How much one request may carry over the link that was measured. Pure. */

const SMALLEST = 8 * 1024;
const START = 32 * 1024;
const LARGEST = 1024 * 1024;
const MOST_PIECES = 16;
const QUICK_S = 2;
const SLOW_S = 6;

/** `budget`: bytes of documents that an answer may bring; `pieces` of pictures that a request may carry. */
export interface Load {
  budget: number;
  pieces: number;
}

export const FIRST_LOAD: Load = { budget: START, pieces: 1 };
/** After a cut: a link of 64 kbit/s that lasts ten seconds must bring at least one piece home. */
export const AFTER_CUT: Load = { budget: SMALLEST, pieces: 1 };

/** What the next request may carry, after one that took so many seconds. `full`: it carried all it might. */
export function nextLoad(load: Load, seconds: number, full: { up: boolean; down: boolean }): Load {
  if (seconds > SLOW_S) return { budget: Math.max(SMALLEST, Math.floor(load.budget / 2)), pieces: 1 };
  if (seconds >= QUICK_S) return load;
  return {
    budget: full.down ? Math.min(LARGEST, load.budget * 2) : load.budget,
    pieces: full.up ? Math.min(MOST_PIECES, load.pieces * 2) : load.pieces,
  };
}
