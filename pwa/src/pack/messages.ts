/** What the page and the pack's worker say to each other. */
import type { Meta } from './held.ts';
import type { Question, Similar } from './question.ts';

export type ToWorker =
  | { kind: 'open'; county: string }
  | { kind: 'warm' }
  | { kind: 'ask'; n: number; question: Question }
  | { kind: 'update'; token: string }
  | { kind: 'pause' };

/**
 * How an update ended. `cut`: goes on later where it was. `busy`: another tab does it. `unable`: this browser keeps
 * nothing.
 */
export type Ending = 'changed' | 'same' | 'cut' | 'busy' | 'broken' | 'no_room' | 'refused' | 'unable';

export type FromWorker =
  | { kind: 'held'; county: string; meta: Meta | null }
  | { kind: 'answer'; n: number; similar: Similar | null }
  | { kind: 'progress'; done: number; total: number }
  | { kind: 'over'; ending: Ending; status: number };
