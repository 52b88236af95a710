/** When the pack may be fetched: after everything that people wrote, and never at its cost (MISSION S2.2). Pure. */

export interface Facts {
  online: boolean;
  /** How the last request to the county ended. */
  reach: string;
  /** Documents that wait to be sent, and what crosses at this moment. */
  waiting: number;
  phase: 'idle' | 'text' | 'photos' | 'pull';
  /** Whether phone and county have agreed since the person came. */
  agreed: boolean;
  /** The person asked the phone to save. */
  saveData: boolean;
  /** The person pressed. */
  pressed: boolean;
  running: boolean;
  /** From when on the next look is due, and what time it is; milliseconds since 1970. */
  due: number;
  now: number;
}

export type Decision = 'start' | 'pause' | 'wait';

export function decide(facts: Facts): Decision {
  if (facts.running) return isSending(facts) ? 'pause' : 'wait';
  if (!facts.online || isSending(facts) || facts.phase !== 'idle') return 'wait';
  // A tab that does not do the sending has not heard of the county.
  if (facts.pressed && (facts.reach === 'ok' || facts.reach === 'unknown')) return 'start';
  if (facts.reach !== 'ok' || !facts.agreed) return 'wait';
  return !facts.saveData && facts.now >= facts.due ? 'start' : 'wait';
}

/** Something that a person wrote waits, or is on its way. */
const isSending = ({ waiting, phase }: Facts): boolean =>
  waiting > 0 || phase === 'text' || phase === 'photos';

const MINUTE_MS = 60_000;
const LOOK_MS = 60 * MINUTE_MS;

/** Soon after a cut; a county in trouble gets some time; a file that is of no use costs as much as one that is. */
const AFTER = {
  cut: { first: 3_000, longest: 10 * MINUTE_MS },
  refused: { first: 30_000, longest: LOOK_MS },
  useless: { first: 10 * MINUTE_MS, longest: 6 * LOOK_MS },
};

/** When to look again after so many failures in a row: later and later. */
export function nextDue(now: number, failures = 0, kind: keyof typeof AFTER = 'cut'): number {
  if (failures === 0) return now + LOOK_MS;
  const { first, longest } = AFTER[kind];
  return now + Math.min(longest, first * 2 ** Math.min(failures - 1, 20));
}
