/** One tab at a time, whatever the browser offers for that. */

const LEASE_MS = 15_000;
const me = `${Date.now()}-${Math.random()}`;

/** Runs it unless another tab does; whether it ran. */
export async function exclusively(name: string, run: () => Promise<void>): Promise<boolean> {
  if (navigator.locks) {
    return navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock) await run();
      return lock !== null;
    });
  }
  const lease = new Lease(`${name}-lease`);
  if (!(await lease.take())) return false;
  const renewing = setInterval(() => void lease.take(), LEASE_MS / 3);
  try {
    await run();
  } finally {
    clearInterval(renewing);
    await lease.leave();
  }
  return true;
}

interface Held {
  by: string;
  until: number;
}

/** Without Web Locks: a note with a time in a database, which lets one transaction write at a time. */
class Lease {
  constructor(private readonly name: string) {}

  take(): Promise<boolean> {
    return this.change((held) =>
      held && held.by !== me && held.until > Date.now() ? held : { by: me, until: Date.now() + LEASE_MS },
    );
  }

  async leave(): Promise<void> {
    await this.change((held) => (held?.by === me ? { by: '', until: 0 } : held));
  }

  /** Whether it is this tab's afterwards. */
  private async change(next: (held: Held | undefined) => Held | undefined): Promise<boolean> {
    const db = await this.open();
    try {
      const transaction = db.transaction('lease', 'readwrite');
      const store = transaction.objectStore('lease');
      let mine = false;
      const request = store.get(0) as IDBRequest<Held | undefined>;
      request.onsuccess = () => {
        const held = next(request.result);
        mine = held?.by === me;
        if (held) store.put(held, 0);
      };
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('no lease'));
      });
      return mine;
    } finally {
      db.close();
    }
  }

  private open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore('lease');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('no lease'));
    });
  }
}
