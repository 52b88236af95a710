/**
 * The one loop that keeps phone and county in step: text goes up, news comes down, photos go up, then it listens.
 * Woken by a save, by the network coming back and by the person looking; failures wait longer each time.
 */
import { signal } from '@preact/signals';
import { consultations } from '../store/library.ts';
import { keep, kept } from '../store/kept.ts';
import { openRemote, type Database } from '../store/pouch.ts';
import { person } from '../store/session.ts';
import { syncFetch } from './api.ts';
import { fetchPerson, fetchProgramme } from './county.ts';
import { Exchange } from './exchange.ts';
import * as outbox from './outbox.ts';
import { phase } from './phase.ts';
import { hasUnsettled, refresh, retriable, settle } from './quarantine.ts';
import { bring, replicate } from './replicate.ts';
import { NotOffered } from './wire.ts';

/** When phone and county were last seen to agree, in milliseconds since 1970. */
export const lastAgreed = signal<number | null>(kept<number | null>('agreed', null));

const RETRIED_AT_ONCE = 8;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
const LISTEN_S = 50;
const SHORTEST_ROUND_MS = 1_000;
const REFRESH_MS = 10 * 60_000;
const HIDDEN_WAIT_MS = 5 * 60_000;

let wake: () => void = () => undefined;
let nudges = 0;

/** Something happened that may be worth a round now. */
export function nudge(): void {
  nudges += 1;
  wake();
}

/** Runs until `stop` is called. One tab at a time syncs a person's database. */
export function startLoop(db: Database, name: string): () => void {
  const stopping = new AbortController();
  const onChange = () => nudge();
  addEventListener('online', onChange);
  document.addEventListener('visibilitychange', onChange);
  const run = () => new Loop(db, stopping.signal).run();
  if (navigator.locks) {
    navigator.locks.request(`tianwen-${name}`, { signal: stopping.signal }, run).catch(() => undefined);
  } else {
    void run();
  }
  return () => {
    stopping.abort();
    removeEventListener('online', onChange);
    document.removeEventListener('visibilitychange', onChange);
    wake();
  };
}

class Loop {
  private readonly remote = openRemote(syncFetch);
  private readonly exchange: Exchange;
  private offered = true;
  private failures = 0;
  private uncertain = true;
  private refreshedAt = 0;

  constructor(
    private readonly local: Database,
    private readonly stopped: AbortSignal,
  ) {
    this.exchange = new Exchange(local);
  }

  async run(): Promise<void> {
    let due = true;
    let heard = nudges;
    while (!this.stopped.aborted) {
      const woken = nextWake(this.stopped);
      const started = performance.now();
      try {
        if (due || nudges !== heard || this.isStale()) {
          heard = nudges;
          await this.round();
        }
        this.failures = 0;
        due = await this.listen(woken);
        if (!due) agreed();
      } catch {
        // What went wrong stands in `reach`; the documents stay where they are.
        due = true;
        this.uncertain = true;
        this.failures += 1;
        phase.value = 'idle';
        await either(woken, this.pauseMs());
      }
      const rest = SHORTEST_ROUND_MS - (performance.now() - started);
      if (rest > 0 && !this.stopped.aborted) await pause(rest);
    }
  }

  private async round(): Promise<void> {
    if (person.value?.must_change_password) throw new Error('the first password comes first');
    await this.agree();
    await this.refreshNowAndThen();
    agreed();
  }

  /** Brings up and fetches all there is: by the exchange, or by replication where there is none. */
  private async agree(): Promise<void> {
    if (this.offered) {
      try {
        await this.exchange.round();
        return;
      } catch (error) {
        if (!(error instanceof NotOffered)) throw error;
        this.offered = false;
      }
    }
    await replicate(this.local, this.remote, this.uncertain);
    this.uncertain = false;
  }

  private isStale(): boolean {
    return Date.now() - this.refreshedAt >= REFRESH_MS || hasUnsettled();
  }

  private async refreshNowAndThen(): Promise<void> {
    if (!this.isStale()) return;
    await refresh();
    await fetchPerson();
    await fetchProgramme();
    this.refreshedAt = Date.now();
    await this.retryOrphans();
    this.offered = true;
  }

  /** Sends again what was refused only because its demand was missing then. */
  private async retryOrphans(): Promise<void> {
    const entries = retriable(new Set(consultations.value.keys()));
    for (let from = 0; from < entries.length; from += RETRIED_AT_ONCE) {
      const some = entries.slice(from, from + RETRIED_AT_ONCE);
      const documents = await outbox.read(some.map((entry) => entry.id));
      if (documents.length === 0) continue;
      const stored = this.offered
        ? await this.exchange.bring(documents)
        : await bring(this.remote, documents);
      await settle(some.filter((entry) => stored.has(entry.id)));
    }
  }

  /** Waits for news from the county, or for being woken; whether a round is due. */
  private async listen(woken: Promise<void>): Promise<boolean> {
    if (document.hidden || !this.offered) {
      await either(woken, this.offered ? HIDDEN_WAIT_MS : LISTEN_S * 1000);
      return true;
    }
    const leaving = new AbortController();
    void woken.then(() => leaving.abort());
    try {
      return (await this.exchange.listen(LISTEN_S, leaving.signal)) || leaving.signal.aborted;
    } catch (error) {
      if (!leaving.signal.aborted) throw error;
      return true;
    }
  }

  private pauseMs(): number {
    return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.failures - 1, 6));
  }
}

function agreed(): void {
  lastAgreed.value = Date.now();
  keep('agreed', lastAgreed.value);
}

function nextWake(stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    wake = resolve;
    stopped.addEventListener('abort', () => resolve());
  });
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

const either = (woken: Promise<void>, milliseconds: number) => Promise.race([woken, pause(milliseconds)]);
