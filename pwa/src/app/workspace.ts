/** Opens the logged-in person's database and everything that lives on it; closes it for the next person. */
import { effect, signal, untracked } from '@preact/signals';
import type { AnyDocument } from '../contract/types.ts';
import type { Author } from '../domain/documents.ts';
import { reports } from '../domain/person.ts';
import { closeLibrary, learn, openLibrary } from '../store/library.ts';
import { openLocal, type Database } from '../store/pouch.ts';
import { openPack } from '../pack/pack.ts';
import { ownDevices, person, session } from '../store/session.ts';
import { checkStorage } from './state.ts';
import { closeForgetting, openForgetting } from '../sync/forget.ts';
import { nudge, startLoop } from '../sync/loop.ts';
import * as outbox from '../sync/outbox.ts';
import * as quarantine from '../sync/quarantine.ts';

export const localDatabase = signal<Database | null>(null);
/** Set where the phone cannot keep anything: private windows, a broken profile. */
export const storageFault = signal('');

let leave: () => Promise<void> = async () => undefined;

/** Follows the session: each person has a database of their own. */
export function followSession(): void {
  let current = '';
  let queue = Promise.resolve();
  effect(() => {
    const next = person.value?.id ?? '';
    if (next === current) return;
    current = next;
    queue = queue.then(() => untracked(() => change(next)));
  });
}

/** Stores documents on the phone, all or none, and sees to it that they are sent. */
export async function save(documents: AnyDocument[]): Promise<void> {
  const db = localDatabase.value;
  if (!db) throw new Error('no database is open');
  const rows = await db.bulkDocs(documents);
  const failed = rows.find((row) => row.error);
  if (failed) throw new Error(failed.reason ?? 'not stored');
  learn(documents);
  void navigator.storage?.persist?.();
  void checkStorage();
}

/** Who writes on this phone now. */
export function author(): Author {
  const { person: me, device } = session.value!;
  return { id: me.id, device, region: me.region };
}

async function change(next: string): Promise<void> {
  await leave();
  leave = async () => undefined;
  if (!next) return;
  try {
    leave = await enter(next);
  } catch (error) {
    storageFault.value = String(error);
  }
}

async function enter(id: string): Promise<() => Promise<void>> {
  const db = openLocal(id);
  await quarantine.open(db);
  const devices = new Set(ownDevices(id));
  const top = await outbox.open(db, (document) => isOwn(document, id, devices));
  await openLibrary(db);
  openForgetting(db);
  const feed = watch(db, top);
  localDatabase.value = db;
  const stop = startLoop(db, id);
  const me = untracked(() => person.value);
  const shut = me && reports(me) ? openPack(me) : () => undefined;
  return async () => {
    shut();
    stop();
    feed();
    localDatabase.value = null;
    outbox.close();
    closeForgetting();
    quarantine.close();
    closeLibrary();
    await db.close();
  };
}

/** Follows what is stored here, by this tab, by the pull and by other tabs. */
function watch(db: Database, since: number): () => void {
  let rows: { id: string; seq: number }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = async () => {
    const taken = rows;
    rows = [];
    timer = undefined;
    const before = outbox.waiting.value.length;
    learn(await outbox.take(taken, Math.max(...taken.map((row) => row.seq))));
    if (outbox.waiting.value.length > before) nudge();
  };
  const feed = db.changes({ since, live: true }).on('change', (row: { id: string; seq: number }) => {
    rows.push({ id: row.id, seq: Number(row.seq) });
    timer ??= setTimeout(() => void flush(), 20);
  });
  return () => {
    clearTimeout(timer);
    feed.cancel();
  };
}

function isOwn(document: AnyDocument, id: string, devices: ReadonlySet<string>): boolean {
  const by = 'by' in document ? document.by : 'reporter' in document ? document.reporter : '';
  return by === id && devices.has(document.device);
}
