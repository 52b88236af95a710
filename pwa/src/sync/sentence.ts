/** The sync line: one sentence about what is happening and why (GUIDE.md, "Wording"). Pure. */
import type { Reach } from './api.ts';

export interface SyncFacts {
  reach: Reach;
  online: boolean;
  phase: 'idle' | 'text' | 'photos' | 'pull';
  weak: boolean;
  waiting: number;
  waitingPhotos: number;
  photos: { done: number; total: number };
  problems: number;
  storageLow: boolean;
  expert: boolean;
  agreedMinutes: number | null;
}

export interface Sentence {
  tone: 'ok' | 'local' | 'you' | 'plain';
  icon: string;
  /** Keys of the catalogue: what is said first, and what stands out. */
  lead?: string;
  strong?: string;
  values: Record<string, number>;
  /** Where pressing it leads. */
  to: string;
  progress?: number;
}

/** The first of these that applies is what the person most needs to know. */
export function sentence(facts: SyncFacts): Sentence {
  const n = facts.waiting;
  const base = { values: { n, minutes: facts.agreedMinutes ?? 0 }, to: '#/unsent' };
  if (facts.reach === 'login')
    return { ...base, tone: 'you', icon: 'lock', strong: 'sync.login', to: '#/login' };
  if (facts.reach === 'password') {
    return { ...base, tone: 'you', icon: 'lock', strong: 'sync.password', to: '#/first-password' };
  }
  if (facts.problems > 0) {
    const values = { ...base.values, problems: facts.problems };
    return { ...base, tone: 'you', icon: 'pencil', strong: 'sync.problems', values };
  }
  if (facts.storageLow) return { ...base, tone: 'you', icon: 'warning', lead: 'sync.storage_low' };
  if (!facts.online || facts.reach === 'offline') return { ...base, ...offline(facts) };
  if (facts.reach === 'server') return { ...base, tone: 'local', icon: 'wrench', lead: 'sync.server_down' };
  if (n > 0) return { ...base, ...sending(facts) };
  if (facts.agreedMinutes === null)
    return { ...base, tone: 'plain', icon: 'cloud-up', lead: 'sync.connecting' };
  const lead = facts.agreedMinutes === 0 ? 'sync.ok_now' : 'sync.ok_minutes';
  return { ...base, tone: 'ok', icon: 'check', strong: 'sync.ok', lead };
}

function offline(facts: SyncFacts): Omit<Sentence, 'values' | 'to'> {
  const who = facts.expert ? 'expert' : 'informant';
  const local = { tone: 'local', icon: 'cloud-off', lead: `sync.offline_${who}` } as const;
  return facts.waiting > 0 ? { ...local, strong: `sync.stored_${who}` } : local;
}

function sending(facts: SyncFacts): Omit<Sentence, 'to'> {
  const { done, total } = facts.photos;
  const values = { n: facts.waiting, done: Math.min(done + 1, total), total };
  const onlyPhotos = facts.waitingPhotos === facts.waiting;
  const progress = total > 0 ? done / total : undefined;
  const line = { tone: 'plain', icon: 'cloud-up', values } as const;
  if (facts.weak && facts.waitingPhotos > 0) return { ...line, lead: 'sync.weak', progress };
  if (onlyPhotos) return { ...line, lead: 'sync.sending_photos', progress };
  return { ...line, lead: 'sync.sending', strong: 'sync.stored_count' };
}
