/** PouchDB of hand-picked parts: 5 KB lighter than the ready-made bundle. */
import PouchDB, { type Database } from 'pouchdb-core';
import Idb from 'pouchdb-adapter-idb';
import Http from 'pouchdb-adapter-http';
import Replication from 'pouchdb-replication';

PouchDB.plugin(Idb).plugin(Http).plugin(Replication);

export type { Database };

/** One database a person, so that several people can use one phone. */
export function openLocal(person: string): Database {
  // `idb` and not `indexeddb`: the latter loses writes when two tabs are open.
  return new PouchDB(`tianwen-${person}`, { adapter: 'idb', auto_compaction: false });
}

/** The same documents on the server, as far as this person may read them. */
export function openRemote(fetch: typeof globalThis.fetch): Database {
  return new PouchDB(`${location.origin}/sync/db/tianwen`, { skip_setup: true, fetch });
}

/** A `_local` document: it belongs to this phone and is never sent. `fallback` where there is none. */
export async function readNote<T extends object>(db: Database, name: string, fallback: T): Promise<T> {
  try {
    const { _id, _rev, ...note } = await db.get<T>(`_local/${name}`);
    return note as unknown as T;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return fallback;
    throw error;
  }
}

/** Writes a `_local` document over whatever it held. */
export async function writeNote(db: Database, name: string, note: object): Promise<void> {
  const _id = `_local/${name}`;
  for (;;) {
    const old = await db.get(_id).catch(() => null);
    try {
      await db.put({ ...note, _id, ...(old?._rev ? { _rev: old._rev } : {}) });
      return;
    } catch (error) {
      // Another tab was quicker: read again, write again.
      if ((error as { status?: number }).status !== 409) throw error;
    }
  }
}
