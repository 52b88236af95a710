/** The outbox of the open database: what waits, what was refused, what arrived just now. */
import { computed, signal } from '@preact/signals';
import type { AnyDocument } from '../contract/types.ts';
import {
  acknowledge,
  add,
  keptForm,
  nextBatch,
  openOutbox,
  waitingItems,
  type KeptOutbox,
  type Outbox,
  type Row,
} from '../domain/outbox.ts';
import { nameOf, typeOf } from '../domain/ids.ts';
import { readNote, writeNote, type Database } from '../store/pouch.ts';
import { heldDemands } from './quarantine.ts';

interface Arrived {
  id: string;
  at: number;
}

interface Kept extends KeptOutbox {
  arrived: Arrived[];
}

const EMPTY: Kept = { cursor: 0, beyond: {}, arrived: [] };
const ARRIVED_SHOWN = 5;

const outbox = signal<Outbox>(openOutbox(EMPTY));
export const arrived = signal<readonly Arrived[]>([]);
export const waiting = computed(() => waitingItems(outbox.value, heldDemands.value));
/** Photos of the present run, so that the sync line can say 2/5. */
export const photoRun = signal({ done: 0, total: 0 });

/** Tells the other tabs of this phone what has arrived: only one of them does the sending. */
let channel: BroadcastChannel | null = null;
let database: Database | null = null;
let mine: (document: AnyDocument) => boolean = () => false;
const myMedia = new Map<string, string>();

/** Reads what is kept, and everything that was stored since. Returns up to where it looked. */
export async function open(db: Database, isMine: (document: AnyDocument) => boolean): Promise<number> {
  database = db;
  mine = isMine;
  myMedia.clear();
  channel = new BroadcastChannel(db.name);
  channel.onmessage = ({ data }: MessageEvent<string[]>) => change(acknowledge(outbox.value, data));
  const kept = await readNote<Kept>(db, 'acknowledged', EMPTY);
  arrived.value = kept.arrived;
  outbox.value = openOutbox(kept);
  const { results, last_seq } = await db.changes({ since: kept.cursor });
  await take(
    results.map((row) => ({ id: row.id, seq: Number(row.seq) })),
    Number(last_seq),
  );
  return Number(last_seq);
}

export function close(): void {
  channel?.close();
  channel = null;
  database = null;
  outbox.value = openOutbox(EMPTY);
  arrived.value = [];
  photoRun.value = { done: 0, total: 0 };
}

/** Takes in rows of the local changes feed. Returns the documents behind them, chunks by name only. */
export async function take(rows: { id: string; seq: number }[], top: number): Promise<AnyDocument[]> {
  const db = database;
  if (!db) return [];
  const documents = await readDocuments(
    db,
    rows.map((row) => row.id).filter((id) => typeOf(id) !== 'chunk'),
  );
  const own = new Map(documents.filter(mine).map((document) => [document._id, demandOf(document)]));
  for (const [id, demand] of own) if (typeOf(id) === 'media') myMedia.set(nameOf(id), demand);
  await learnMedia(db, rows);
  const found: Row[] = [];
  for (const { id, seq } of rows) {
    const demand = typeOf(id) === 'chunk' ? myMedia.get(nameOf(id).slice(0, 26)) : own.get(id);
    if (demand !== undefined) found.push({ id, seq, demand });
  }
  if (database === db) change(add(outbox.value, found, top));
  const chunks = rows.filter((row) => typeOf(row.id) === 'chunk');
  return [...documents, ...chunks.map((row) => ({ _id: row.id, type: 'chunk' }) as AnyDocument)];
}

/** The next documents to send, pictures by so many pieces; empty when nothing waits. */
export async function batch(pieces: number): Promise<AnyDocument[]> {
  const rows = nextBatch(outbox.value, heldDemands.value, pieces);
  return database && rows.length
    ? readDocuments(
        database,
        rows.map((row) => row.id),
      )
    : [];
}

/** All that waits, with its revision, to ask the server which of it arrived. */
export async function revisions(): Promise<Record<string, string[]>> {
  const ids = [...outbox.value.pending.keys()];
  if (!database || ids.length === 0) return {};
  const { rows } = await database.allDocs({ keys: ids });
  return Object.fromEntries(rows.filter((row) => row.value).map((row) => [row.key, [row.value!.rev]]));
}

/** Whether this is one that nobody acknowledged. */
export const isWaiting = (id: string) => outbox.value.pending.has(id);

/** Those of the documents that this phone wrote for this person. */
export async function own(ids: string[]): Promise<AnyDocument[]> {
  return (await read(ids)).filter(mine);
}

/** The server has these. */
export async function confirm(ids: readonly string[]): Promise<void> {
  const before = new Set(waiting.value.map((item) => item.id));
  change(acknowledge(outbox.value, ids));
  const left = new Set(waiting.value.map((item) => item.id));
  const gone = [...before].filter((id) => !left.has(id) && ids.some((each) => belongs(each, id)));
  arrived.value = [...gone.map((id) => ({ id, at: Date.now() })), ...arrived.value].slice(0, ARRIVED_SHOWN);
  await keep();
  channel?.postMessage([...ids]);
}

/** Documents of these ids, as far as they are on this phone. */
export async function read(ids: string[]): Promise<AnyDocument[]> {
  return database ? readDocuments(database, ids) : [];
}

function belongs(document: string, item: string): boolean {
  return document === item || nameOf(document).slice(0, 26) === nameOf(item).slice(0, 26);
}

function change(next: Outbox): void {
  outbox.value = next;
  const photos = waiting.value.filter((item) => item.kind === 'photo').length;
  const run = photoRun.value;
  const total = Math.max(run.total, run.done + photos);
  photoRun.value = photos === 0 ? { done: 0, total: 0 } : { done: total - photos, total };
}

async function keep(): Promise<void> {
  if (!database) return;
  await writeNote(database, 'acknowledged', { ...keptForm(outbox.value), arrived: arrived.value });
}

/** Empty for what belongs to no demand. */
function demandOf(document: AnyDocument): string {
  if (document.type === 'demand') return nameOf(document._id);
  return document.type === 'feedback' ? '' : document.demand;
}

/** Chunks do not say in their names whose they are; their media does. */
async function learnMedia(db: Database, rows: { id: string }[]): Promise<void> {
  const unknown = new Set<string>();
  for (const { id } of rows) {
    const media = nameOf(id).slice(0, 26);
    if (typeOf(id) === 'chunk' && !myMedia.has(media)) unknown.add(`media:${media}`);
  }
  for (const document of await readDocuments(db, [...unknown])) {
    if (mine(document)) myMedia.set(nameOf(document._id), demandOf(document));
  }
}

async function readDocuments(db: Database, keys: string[]): Promise<AnyDocument[]> {
  if (keys.length === 0) return [];
  const { rows } = await db.allDocs<AnyDocument>({ keys, include_docs: true });
  return rows.flatMap((row) => (row.doc ? [row.doc] : []));
}
