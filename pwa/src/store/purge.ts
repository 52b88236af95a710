/**
 * Removes documents from the phone as if they had never been here. PouchDB's idb adapter cannot: it would leave
 * tombstones, and a document that comes back with its old revision would stay deleted. So they are taken out of
 * the adapter's own tables (pouchdb-adapter-idb 9.0.0, pinned in package.json: `document-store` by id,
 * `by-sequence` by "<id>::<rev>"). Its count of documents is not corrected; nothing here asks for that.
 */
import type { Database } from './pouch.ts';

const DOCUMENTS = 'document-store';
const REVISIONS = 'by-sequence';

/** In one transaction. The documents of this application have no attachments. */
export async function purge(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const connection = await opened(`_pouch_${db.name}`);
  try {
    const transaction = connection.transaction([DOCUMENTS, REVISIONS], 'readwrite');
    const revisions = transaction.objectStore(REVISIONS);
    for (const id of ids) {
      transaction.objectStore(DOCUMENTS).delete(id);
      const all = IDBKeyRange.bound(`${id}::`, `${id}::\uffff`);
      const cursor = revisions.index('_doc_id_rev').openKeyCursor(all);
      cursor.onsuccess = () => {
        if (!cursor.result) return;
        revisions.delete(cursor.result.primaryKey);
        cursor.result.continue();
      };
    }
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    connection.close();
  }
}

function opened(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
