/**
 * The pack on the phone's disk: a database of its own, so that nothing of it can touch what people wrote. What is
 * held is exchanged in one transaction; what is being fetched lies beside it in pieces, so that a cut costs nothing.
 */
import type { CaseRow, Held, Language, Meta } from './held.ts';
import type { Vectors } from './vectors.ts';

/** The phone has no room; what it had is still there. */
export class NoRoom extends Error {}

/** A file that is on its way. `ask`: what was asked for, so that pieces of two answers are never mixed. */
export interface Head {
  ask: string;
  etag: string;
  total: number;
}

export interface Underway {
  head: Head;
  pieces: Uint8Array<ArrayBuffer>[];
}

/** Where packs are kept. Tests have one in memory. */
export interface Keep {
  meta(): Promise<Meta | null>;
  held(): Promise<Held | null>;
  /** All or nothing; what was under way is done with. Throws NoRoom. */
  replace(held: Held): Promise<void>;
  /** Notes only that it is still as the county has it. */
  confirm(meta: Meta): Promise<void>;
  underway(): Promise<Underway | null>;
  /** Begins a file; pieces of another one are gone. Throws NoRoom. */
  begin(head: Head): Promise<void>;
  /** The next piece. Throws NoRoom. */
  append(piece: Uint8Array<ArrayBuffer>): Promise<void>;
  abandon(): Promise<void>;
  /** Everything goes: somebody of another county has the phone. */
  drop(): Promise<void>;
}

const NAME = 'tianwen-pack';
const HELD = 'held';
const UNDERWAY = 'underway';

interface Cases {
  rows: CaseRow[];
  vectors: Vectors;
}

export class Disk implements Keep {
  private constructor(private readonly db: IDBDatabase) {}

  static async open(): Promise<Disk> {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(HELD);
      request.result.createObjectStore(UNDERWAY, { autoIncrement: true });
    };
    const db = await settled(request);
    db.onversionchange = () => db.close();
    return new Disk(db);
  }

  async meta(): Promise<Meta | null> {
    return (await settled(this.read(HELD).get('meta') as IDBRequest<Meta | undefined>)) ?? null;
  }

  async held(): Promise<Held | null> {
    const store = this.read(HELD);
    const [meta, language, cases] = await Promise.all([
      settled(store.get('meta') as IDBRequest<Meta | undefined>),
      settled(store.get('language') as IDBRequest<Language | undefined>),
      settled(store.get('cases') as IDBRequest<Cases | undefined>),
    ]);
    return meta && language && cases ? { meta, language, ...cases } : null;
  }

  replace({ meta, language, rows, vectors }: Held): Promise<void> {
    return this.write([HELD, UNDERWAY], (held, underway) => {
      held!.put(meta, 'meta');
      held!.put(language, 'language');
      held!.put({ rows, vectors } satisfies Cases, 'cases');
      underway!.clear();
    });
  }

  confirm(meta: Meta): Promise<void> {
    return this.write([HELD, UNDERWAY], (held, underway) => {
      held!.put(meta, 'meta');
      underway!.clear();
    });
  }

  async underway(): Promise<Underway | null> {
    const all = (await settled(this.read(UNDERWAY).getAll())) as [Head, ...Uint8Array<ArrayBuffer>[]] | [];
    const [head, ...pieces] = all;
    return head ? { head, pieces } : null;
  }

  begin(head: Head): Promise<void> {
    return this.write([UNDERWAY], (underway) => {
      underway!.clear();
      underway!.add(head);
    });
  }

  append(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    // A copy of its own: what the network gives may be a view of something larger.
    return this.write([UNDERWAY], (underway) => underway!.add(piece.slice()));
  }

  abandon(): Promise<void> {
    return this.write([UNDERWAY], (underway) => underway!.clear());
  }

  drop(): Promise<void> {
    return this.write([HELD, UNDERWAY], (held, underway) => {
      held!.clear();
      underway!.clear();
    });
  }

  private read(name: string): IDBObjectStore {
    return this.db.transaction(name).objectStore(name);
  }

  private async write(names: string[], change: (...stores: IDBObjectStore[]) => void): Promise<void> {
    const transaction = this.db.transaction(names, 'readwrite');
    const over = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(faultOf(transaction.error));
    });
    try {
      change(...names.map((name) => transaction.objectStore(name)));
    } catch (error) {
      transaction.abort();
      await over.catch(() => undefined);
      throw faultOf(error);
    }
    await over;
  }
}

function faultOf(error: unknown): Error {
  const { name = '', message = '' } = (error ?? {}) as { name?: string; message?: string };
  return name === 'QuotaExceededError' ? new NoRoom(message) : new Error(message || name || 'not stored');
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('not read'));
  });
}
