/**
 * What is still only on this phone. Pure: the database and the network are at the rim (sync/).
 *
 * Every own document has the sequence number under which it was stored. All below `cursor` is acknowledged by
 * the server; what was acknowledged above it stands in `beyond`. Those two are kept on the phone, so that
 * nothing is forgotten and nothing is called unsent that has arrived.
 */
import { nameOf, typeOf } from './ids.ts';

export interface Row {
  id: string;
  seq: number;
  demand: string;
}

export interface Outbox {
  cursor: number;
  beyond: ReadonlyMap<string, number>;
  pending: ReadonlyMap<string, Row>;
  /** The greatest sequence number that was looked at. */
  top: number;
}

/** As kept on the phone. */
export interface KeptOutbox {
  cursor: number;
  beyond: Record<string, number>;
}

/** Something a person would count: a demand, a record or a photo. */
export interface Waiting {
  id: string;
  kind: 'demand' | 'record' | 'photo';
  demand: string;
  /** Documents of it that have not arrived: for a photo its chunks, from which the share sent follows. */
  left: number;
}

const TEXTS_A_BATCH = 50;

export function openOutbox(kept: KeptOutbox): Outbox {
  return {
    cursor: kept.cursor,
    beyond: new Map(Object.entries(kept.beyond)),
    pending: new Map(),
    top: kept.cursor,
  };
}

export function keptForm(outbox: Outbox): KeptOutbox {
  return { cursor: outbox.cursor, beyond: Object.fromEntries(outbox.beyond) };
}

/** Takes in own documents; those known as acknowledged stay so. `top` says how far was looked. */
export function add(outbox: Outbox, rows: readonly Row[], top: number): Outbox {
  const pending = new Map(outbox.pending);
  for (const row of rows) {
    if (row.seq > outbox.cursor && !outbox.beyond.has(row.id) && !pending.has(row.id)) {
      pending.set(row.id, row);
    }
  }
  return settle({ ...outbox, pending, top: Math.max(outbox.top, top) });
}

/** The server has these, stored or in quarantine: this phone need not send them again. */
export function acknowledge(outbox: Outbox, ids: readonly string[]): Outbox {
  const pending = new Map(outbox.pending);
  const beyond = new Map(outbox.beyond);
  for (const id of ids) {
    const row = pending.get(id);
    if (!row) continue;
    pending.delete(id);
    beyond.set(id, row.seq);
  }
  return settle({ ...outbox, pending, beyond });
}

/** Moves the cursor up to the first document that is still waiting. */
function settle(outbox: Outbox): Outbox {
  let cursor = outbox.top;
  for (const row of outbox.pending.values()) cursor = Math.min(cursor, row.seq - 1);
  cursor = Math.max(cursor, outbox.cursor);
  const beyond = new Map([...outbox.beyond].filter(([, seq]) => seq > cursor));
  return { ...outbox, cursor, beyond };
}

/** A picture's description is as small as a text and goes with it. */
const isPiece = (id: string) => typeOf(id) === 'chunk';

/**
 * What to send next: text before pictures, `pieces` of those at once. `held` are demands that the server
 * refused; their parts wait.
 */
export function nextBatch(outbox: Outbox, held: ReadonlySet<string>, pieces = 1): Row[] {
  const free = [...outbox.pending.values()].filter((row) => !held.has(row.demand));
  free.sort((a, b) => a.seq - b.seq);
  const texts = free.filter((row) => !isPiece(row.id));
  return texts.length ? texts.slice(0, TEXTS_A_BATCH) : free.slice(0, pieces);
}

/** What a person would say is waiting, oldest first. A farmer's contact goes with its demand. */
export function waitingItems(outbox: Outbox, held: ReadonlySet<string>): Waiting[] {
  const items = new Map<string, Waiting & { seq: number }>();
  for (const row of outbox.pending.values()) {
    if (held.has(row.demand)) continue;
    const [id, kind] = itemOf(row);
    const item = items.get(id);
    if (item) items.set(id, { ...item, left: item.left + 1, seq: Math.min(item.seq, row.seq) });
    else items.set(id, { id, kind, demand: row.demand, left: 1, seq: row.seq });
  }
  return [...items.values()].sort((a, b) => a.seq - b.seq).map(({ seq: _, ...item }) => item);
}

function itemOf(row: Row): [string, Waiting['kind']] {
  switch (typeOf(row.id)) {
    case 'chunk':
      return [`media:${nameOf(row.id).slice(0, 26)}`, 'photo'];
    case 'media':
      return [row.id, 'photo'];
    case 'contact':
      return [`demand:${row.demand}`, 'demand'];
    case 'demand':
      return [row.id, 'demand'];
    default:
      return [row.id, 'record'];
  }
}
