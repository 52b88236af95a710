/**
 * All documents of the person on this phone, folded into consultations and kept up to date.
 * Chunks stay in the database; of them only the names are known here.
 */
import { computed, signal } from '@preact/signals';
import type { AnyDocument, EventDocument } from '../contract/types.ts';
import { fold, type Consultation } from '../domain/fold.ts';
import { nameOf, typeOf } from '../domain/ids.ts';
import type { Database } from './pouch.ts';
import { readNote, writeNote } from './pouch.ts';
import { programme } from './programme.ts';

/** What consultations are made of; what people say of cases that were found belongs to none. */
const FOLDED = ['contact', 'demand', 'event', 'media', 'similar'] as const;
type Folded = Extract<AnyDocument, { type: (typeof FOLDED)[number] }>;
const isFolded = (document: AnyDocument): document is Folded =>
  (FOLDED as readonly string[]).includes(document.type);

export const consultations = signal<ReadonlyMap<string, Consultation>>(new Map());
/** Per media: how many of its chunks are here. */
export const chunksHere = signal<ReadonlyMap<string, number>>(new Map());
/** Per consultation: the clock of the last event that the person has seen. */
export const seen = signal<Readonly<Record<string, string>>>({});
export const ready = signal(false);

const documents = new Map<string, Map<string, AnyDocument>>();
let database: Database | null = null;

export const newestFirst = computed(() =>
  [...consultations.value.values()].sort((a, b) => (lastMoment(a) < lastMoment(b) ? 1 : -1)),
);

/** Reads everything that the database holds. */
export async function openLibrary(db: Database): Promise<void> {
  closeLibrary();
  database = db;
  const [read, chunks] = await Promise.all([
    Promise.all(FOLDED.map((type) => db.allDocs<Folded>({ ...range(type), include_docs: true }))),
    db.allDocs(range('chunk')),
  ]);
  if (database !== db) return;
  for (const { rows } of read) for (const row of rows) if (row.doc) remember(row.doc);
  countChunks(chunks.rows.map((row) => row.id));
  refold([...documents.keys()]);
  seen.value = await readNote<Record<string, string>>(db, 'seen', {});
  ready.value = true;
}

export function closeLibrary(): void {
  database = null;
  documents.clear();
  consultations.value = new Map();
  chunksHere.value = new Map();
  seen.value = {};
  ready.value = false;
}

/** Takes in documents that were written or pulled just now. */
export function learn(changed: readonly AnyDocument[]): void {
  const touched = new Set<string>();
  const chunks: string[] = [];
  for (const document of changed) {
    if (document.type === 'chunk') chunks.push(document._id);
    else if (isFolded(document)) touched.add(remember(document));
  }
  if (chunks.length) countChunks(chunks);
  if (touched.size) refold([...touched]);
}

/** Takes out documents that are no longer this person's to read. */
export function unlearn(ids: readonly string[]): void {
  const touched: string[] = [];
  for (const [demand, group] of documents) {
    const before = group.size;
    for (const id of ids) group.delete(id);
    if (group.size < before) touched.push(demand);
    if (group.size === 0) documents.delete(demand);
  }
  discountChunks(ids);
  if (touched.length) refold(touched);
}

/** Everything of one consultation but its chunks. */
export function documentsOf(demand: string): AnyDocument[] {
  return [...(documents.get(demand)?.values() ?? [])];
}

export function lastEvent(consultation: Consultation): EventDocument | undefined {
  return consultation.thread[consultation.thread.length - 1];
}

export function lastMoment(consultation: Consultation): string {
  return lastEvent(consultation)?.at ?? consultation.demand.at;
}

/** Whether somebody else wrote something that this person has not seen. */
export function isUnread(consultation: Consultation, me: string): boolean {
  const last = [...consultation.thread].reverse().find((event) => event.by !== me && event.by !== 'server');
  return last !== undefined && last.clock > (seen.value[consultation.id] ?? '');
}

/** Notes that the person has this consultation on the screen. */
export function markSeen(consultation: Consultation): void {
  const clock = lastEvent(consultation)?.clock ?? '';
  if (!database || clock <= (seen.value[consultation.id] ?? '')) return;
  seen.value = { ...seen.value, [consultation.id]: clock };
  void writeNote(database, 'seen', seen.value);
}

const range = (type: string) => ({ startkey: `${type}:`, endkey: `${type}:\uffff` });

function remember(document: Folded): string {
  const demand = document.type === 'demand' ? nameOf(document._id) : document.demand;
  let group = documents.get(demand);
  if (!group) documents.set(demand, (group = new Map()));
  group.set(document._id, document);
  return demand;
}

function refold(demands: readonly string[]): void {
  const next = new Map(consultations.value);
  for (const demand of demands) {
    const consultation = fold(documentsOf(demand), programme.value?.limits);
    if (consultation) next.set(demand, consultation);
    else next.delete(demand);
  }
  consultations.value = next;
}

const counted = new Set<string>();

function countChunks(ids: readonly string[]): void {
  const next = new Map(chunksHere.value);
  if (next.size === 0) counted.clear();
  for (const id of ids) {
    if (counted.has(id) || typeOf(id) !== 'chunk') continue;
    counted.add(id);
    const media = nameOf(id).slice(0, 26);
    next.set(media, (next.get(media) ?? 0) + 1);
  }
  chunksHere.value = next;
}

function discountChunks(ids: readonly string[]): void {
  const next = new Map(chunksHere.value);
  for (const id of ids) {
    if (!counted.delete(id)) continue;
    const media = nameOf(id).slice(0, 26);
    next.set(media, (next.get(media) ?? 1) - 1);
  }
  chunksHere.value = next;
}
