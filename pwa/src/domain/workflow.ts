/** The workflow table, from the generated contract. */
import contract from '../contract/contract.json' with { type: 'json' };
import type { EventKind, StateName } from '../contract/types.ts';

export type Actor = 'server' | 'centre' | 'expert' | 'reporter';
export type Turn = 'informant' | 'expert' | 'centre' | 'none';

export interface State {
  step: number;
  turn: Turn;
  closed: boolean;
}

export interface Kind {
  actor: Actor;
  required: string[];
  moves: Partial<Record<StateName, StateName>>;
}

export interface Limits {
  triage_minutes: number;
  reply_minutes: number;
  callback_days: number;
}

export const STATES = contract.states as unknown as Record<StateName, State>;
export const KINDS = contract.kinds as unknown as Record<EventKind, Kind>;
export const DEFAULT_LIMITS: Limits = contract.defaults;
export const TEXT_LIMIT: number = contract.limits.text;
export const CHUNK_BYTES: number = contract.limits.chunk;

/** Whether an event of this kind counts in this state. */
export function fits(state: StateName, kind: EventKind): boolean {
  return KINDS[kind].moves[state] !== undefined;
}
