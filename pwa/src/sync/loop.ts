/**
 * The one loop that keeps phone and county in step: push text, pull, push photos, pull, then listen for news.
 * Woken by a save, by the network coming back and by the person looking; failures wait longer each time.
 */
import { signal } from '@preact/signals';
import { consultations } from '../store/library.ts';
import { keep, kept } from '../store/kept.ts';
import { openRemote, type Database } from '../store/pouch.ts';
import { person } from '../store/session.ts';
import { syncFetch } from './api.ts';
import { fetchPerson, fetchProgramme } from './county.ts';
import { phase, push, reconcile, retryOrphans } from './push.ts';
import { hasUnsettled, refresh } from './quarantine.ts';

/** When phone and county were last seen to agree, in milliseconds since 1970. */
export const lastAgreed = signal<number | null>(kept<number | null>('agreed', null));

const PULL_BATCH = 25;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
const LISTEN_MS = 25_000;
const SHORTEST_ROUND_MS = 1_000;
const REFRESH_MS = 10 * 60_000;
const HIDDEN_WAIT_MS = 5 * 60_000;

let wake: () => void = () => undefined;

/** Something happened that may be worth a round now. */
export function nudge(): void {
  wake();
}

/** Runs until `stop` is called. One tab at a time syncs a person's database. */
export function startLoop(db: Database, name: string): () => void {
  const stopping = new AbortController();
  const onChange = () => wake();
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
  private failures = 0;
  private uncertain = true;
  private refreshedAt = 0;
  private since: number | string = 0;

  constructor(
    private readonly local: Database,
    private readonly stopped: AbortSignal,
  ) {}

  async run(): Promise<void> {
    while (!this.stopped.aborted) {
      const woken = nextWake(this.stopped);
      const started = performance.now();
      try {
        await this.round();
        this.failures = 0;
        await this.listen(woken);
      } catch {
        // What went wrong stands in `reach`; the documents stay where they are.
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
    if (this.uncertain) await reconcile(this.remote);
    this.uncertain = false;
    await push(this.remote, () => this.pull());
    await this.pull();
    await this.refreshNowAndThen();
    lastAgreed.value = Date.now();
    keep('agreed', lastAgreed.value);
  }

  private async pull(): Promise<void> {
    phase.value = 'pull';
    const result = await this.local.replicate.from(this.remote, {
      batch_size: PULL_BATCH,
      batches_limit: 1,
      checkpoint: 'target',
    });
    this.since = result.last_seq;
    phase.value = 'idle';
  }

  private async refreshNowAndThen(): Promise<void> {
    if (Date.now() - this.refreshedAt < REFRESH_MS && !hasUnsettled()) return;
    await refresh();
    await fetchPerson();
    await fetchProgramme();
    this.refreshedAt = Date.now();
    await retryOrphans(this.remote, new Set(consultations.value.keys()));
  }

  /** Waits for news from the county, or for being woken. */
  private async listen(woken: Promise<void>): Promise<void> {
    if (document.hidden) return either(woken, HIDDEN_WAIT_MS);
    const leaving = new AbortController();
    void woken.then(() => leaving.abort());
    const query = `feed=longpoll&limit=1&timeout=${LISTEN_MS}&since=${encodeURIComponent(this.since)}`;
    const url = `${location.origin}/sync/db/tianwen/_changes?${query}`;
    try {
      const response = await syncFetch(url, { signal: leaving.signal });
      if (!response.ok) throw new Error(String(response.status));
      await response.text();
    } catch (error) {
      if (!leaving.signal.aborted) throw error;
    }
  }

  private pauseMs(): number {
    return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.failures - 1, 6));
  }
}

function nextWake(stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    wake = resolve;
    stopped.addEventListener('abort', () => resolve());
  });
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

const either = (woken: Promise<void>, milliseconds: number) => Promise.race([woken, pause(milliseconds)]);
