/**
 * Sends what waits: text first, then photos in batches sized by the link, by `_bulk_docs` with the phone's own revisions
 * (replication protocol, "Upload Batch of Changed Documents"). Saying it twice does no harm, so a push may end
 * at any moment and go on later.
 */
import type { AnyDocument } from '../contract/types.ts';
import { note, refresh, retriable, settle, type Quarantined } from './quarantine.ts';
import * as outbox from './outbox.ts';
import type { Database } from '../store/pouch.ts';
import type { WriteRow } from 'pouchdb-core';
import { signal } from '@preact/signals';
import { nextPieces } from '../domain/outbox.ts';
import { typeOf } from '../domain/ids.ts';

export const phase = signal<'idle' | 'text' | 'photos' | 'pull'>('idle');
/** Whether the last photos crossed slowly. */
export const weak = signal(false);

const ASKED_AT_ONCE = 500;
const RETRIED_AT_ONCE = 8;
const SLOW_BYTES_A_SECOND = 12_000;
const FORBIDDEN = new Set(['forbidden', 'unauthorized']);

/** Asks which of the waiting documents arrived although no answer said so. */
export async function reconcile(remote: Database): Promise<void> {
  const all = Object.entries(await outbox.revisions());
  for (let from = 0; from < all.length; from += ASKED_AT_ONCE) {
    const asked = Object.fromEntries(all.slice(from, from + ASKED_AT_ONCE));
    const missing = await remote.revsDiff(asked);
    await outbox.confirm(Object.keys(asked).filter((id) => !missing[id]));
  }
}

/** Sends everything; `between` runs before the first photo of a run, so that answers do not wait for photos. */
export async function push(remote: Database, between: () => Promise<void>): Promise<void> {
  let looked = false;
  let pieces = 1;
  for (;;) {
    const documents = await outbox.batch(pieces);
    if (documents.length === 0) break;
    const photos = documents.every((document) => document.type === 'chunk');
    if (photos && !looked) {
      looked = true;
      await between();
      continue;
    }
    phase.value = photos ? 'photos' : 'text';
    const seconds = await send(remote, documents);
    if (photos) pieces = nextPieces(pieces, seconds);
  }
  phase.value = 'idle';
}

/** Sends again what was refused only because its demand was missing then. */
export async function retryOrphans(remote: Database, demands: ReadonlySet<string>): Promise<void> {
  const entries = retriable(demands);
  for (let from = 0; from < entries.length; from += RETRIED_AT_ONCE) {
    const some = entries.slice(from, from + RETRIED_AT_ONCE);
    const documents = await outbox.read(some.map((entry) => entry.id));
    const answer = await remote.bulkDocs(documents, { new_edits: false });
    const failed = new Set(answer.filter((row) => row.error).map((row) => row.id));
    const sent = new Set(documents.map((each) => each._id).filter((id) => !failed.has(id)));
    await settle(some.filter((entry) => sent.has(entry.id)));
  }
}

/** Sends a batch; how many seconds the answer took. */
async function send(remote: Database, documents: AnyDocument[]): Promise<number> {
  const started = performance.now();
  const answer = await remote.bulkDocs(documents, { new_edits: false });
  const seconds = (performance.now() - started) / 1000;
  const size = documents.reduce((sum, each) => sum + (each.type === 'chunk' ? each.data.length : 400), 0);
  if (size > 20_000) weak.value = size / seconds < SLOW_BYTES_A_SECOND;
  const failed = new Map(answer.filter((row) => row.error && row.id).map((row) => [row.id!, row]));
  const refused = documents.filter((each) => FORBIDDEN.has(String(failed.get(each._id)?.error)));
  if (refused.length) {
    // Noted before it counts as delivered: closed in between, it is asked for again, never forgotten.
    await note(refused.map((each) => quarantined(each, failed.get(each._id)!)));
    await refresh();
  }
  const broken = documents.filter((each) => failed.has(each._id) && !refused.includes(each));
  await outbox.confirm(documents.filter((each) => !broken.includes(each)).map((each) => each._id));
  if (broken.length) throw new Error(`the server could not store ${broken[0]!._id}`);
  return seconds;
}

function quarantined(document: AnyDocument, row: WriteRow): Quarantined {
  return {
    receipt: row.receipt ?? '',
    id: document._id,
    code: String(row.error),
    reason: row.reason ?? '',
    at: new Date().toISOString(),
    state: 'new',
    body: typeOf(document._id) === 'chunk' ? undefined : document,
  };
}
