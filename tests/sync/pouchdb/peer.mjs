// A stock PouchDB that takes orders: one JSON object a line in, one answer a line out.
//   {"n": 1, "do": "put", "db": "anna", ...}  ->  {"n": 1, "ok": ...} or {"n": 1, "error": {...}}
import { createInterface } from 'node:readline';
import PouchDB from 'pouchdb-core';
import Memory from 'pouchdb-adapter-memory';
import Http from 'pouchdb-adapter-http';
import Replication from 'pouchdb-replication';
import { scenarios } from './scenarios.mjs';

PouchDB.plugin(Memory).plugin(Http).plugin(Replication);

const local = new Map();
const syncs = new Map();
const denied = new Map();

function open(name) {
  if (!local.has(name)) local.set(name, new PouchDB(name, { adapter: 'memory' }));
  return local.get(name);
}

// Resolves once the local database holds a document that satisfies `holds`.
function arrival(db, holds) {
  return new Promise((resolve, reject) => {
    const feed = db.changes({ since: 0, live: true, include_docs: true, conflicts: true });
    feed.on('error', reject);
    feed.on('change', ({ doc }) => {
      if (!holds(doc)) return;
      feed.cancel();
      resolve(doc);
    });
  });
}

const orders = {
  put: ({ db, doc }) => open(db).put(doc),
  get: ({ db, id, options }) => open(db).get(id, options ?? {}),
  attachment: async ({ db, id, name }) => (await open(db).getAttachment(id, name)).toString(),
  ids: async ({ db }) => (await open(db).allDocs()).rows.map((row) => row.id),
  info: ({ db }) => open(db).info(),
  remote: ({ url, call, args }) => new PouchDB(url, { skip_setup: true })[call](...(args ?? [])),
  // One replication in both directions, to its end.
  once: async ({ db, url }) => {
    const remote = new PouchDB(url, { skip_setup: true });
    const { push, pull } = await PouchDB.sync(open(db), remote);
    return { pushed: push.docs_written, refused: push.doc_write_failures, pulled: pull.docs_written };
  },
  live: ({ db, url }) => {
    const remote = new PouchDB(url, { skip_setup: true });
    const handle = PouchDB.sync(open(db), remote, { live: true, retry: true });
    handle.on('denied', (event) => denied.get(db)?.(event));
    syncs.set(db, handle);
    return true;
  },
  stop: async ({ db }) => {
    const handle = syncs.get(db);
    const ended = new Promise((resolve) => handle.on('complete', resolve));
    handle.cancel();
    await ended;
    return true;
  },
  // The next 'denied' event of a live sync.
  denied: ({ db }) => new Promise((resolve) => denied.set(db, resolve)),
  // A story between PouchDB and the server, told in scenarios.mjs: it throws where something is not as it should be.
  scenario: async ({ name, url }) => {
    const remote = new PouchDB(url);
    await scenarios[name]({ PouchDB, remote, url, local: (suffix) => open(`${name}-${suffix}`) });
    return true;
  },
  // Replicates one way with options, to its end.
  replicate: async ({ db, url, from, options }) => {
    const remote = new PouchDB(url, { skip_setup: true });
    const [source, target] = from ? [remote, open(db)] : [open(db), remote];
    const done = await PouchDB.replicate(source, target, options ?? {});
    return { written: done.docs_written, refused: done.doc_write_failures };
  },
  arrival: ({ db, id }) => arrival(open(db), (doc) => doc._id === id),
  revision: ({ db, id, rev }) => arrival(open(db), (doc) => doc._id === id && doc._rev === rev),
};

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const order = JSON.parse(line);
    try {
      say({ n: order.n, ok: (await orders[order.do](order)) ?? null });
    } catch (error) {
      say({ n: order.n, error: { ...error, message: String(error.message) } });
    }
  })
  .on('close', () => process.exit(0));
