/**
 * The road of PouchDB's own replication, for servers without the exchange: what waits goes up by `_bulk_docs` with
 * the phone's own revisions (replication protocol, "Upload Batch of Changed Documents"), the rest comes down by
 * `replicate.from`. Saying it twice does no harm, so it may end at any moment and go on later.
 */
import type { WriteRow } from 'pouchdb-core';
import type { AnyDocument } from '../contract/types.ts';
import { FIRST_LOAD, nextLoad } from '../domain/link.ts';
import { typeOf } from '../domain/ids.ts';
import type { Database } from '../store/pouch.ts';
import * as outbox from './outbox.ts';
import { noteSpeed, phase } from './phase.ts';
import { note, refresh, type Quarantined } from './quarantine.ts';

const ASKED_AT_ONCE = 500;
const PULL_BATCH = 25;
const FORBIDDEN = new Set(['forbidden', 'unauthorized']);

/** One round in both directions: text up, down, photos up, down. */
export async function replicate(local: Database, remote: Database, uncertain: boolean): Promise<void> {
  if (uncertain) await reconcile(remote);
  await push(remote, () => pull(local, remote));
  await pull(local, remote);
}

/**
 * Sends documents of this phone; the ids of those that are stored, not refused. Throws where the server could not
 * even keep one in quarantine.
 */
export async function bring(remote: Database, documents: AnyDocument[]): Promise<Set<string>> {
  const answer = await remote.bulkDocs(documents, { new_edits: false });
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
  const kept = documents.filter((each) => !refused.includes(each));
  return new Set(kept.map((each) => each._id));
}

/** Asks which of the waiting documents arrived although no answer said so. */
async function reconcile(remote: Database): Promise<void> {
  const all = Object.entries(await outbox.revisions());
  for (let from = 0; from < all.length; from += ASKED_AT_ONCE) {
    const asked = Object.fromEntries(all.slice(from, from + ASKED_AT_ONCE));
    const missing = await remote.revsDiff(asked);
    await outbox.confirm(Object.keys(asked).filter((id) => !missing[id]));
  }
}

/** Sends everything; `between` runs before the first photo of a run, so that answers do not wait for photos. */
async function push(remote: Database, between: () => Promise<void>): Promise<void> {
  let looked = false;
  let load = FIRST_LOAD;
  for (;;) {
    const documents = await outbox.batch(load.pieces);
    if (documents.length === 0) break;
    const photos = documents.every((document) => document.type === 'chunk');
    if (photos && !looked) {
      looked = true;
      await between();
      continue;
    }
    phase.value = photos ? 'photos' : 'text';
    const started = performance.now();
    await bring(remote, documents);
    const seconds = (performance.now() - started) / 1000;
    noteSpeed(JSON.stringify(documents).length, seconds);
    if (photos) load = nextLoad(load, seconds, { up: true, down: false });
  }
  phase.value = 'idle';
}

async function pull(local: Database, remote: Database): Promise<void> {
  phase.value = 'pull';
  await local.replicate.from(remote, { batch_size: PULL_BATCH, batches_limit: 1, checkpoint: 'target' });
  phase.value = 'idle';
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
