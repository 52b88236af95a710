// What a stock PouchDB expects of a CouchDB, story by story. Each gets an empty database of its own.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';

const base64 = (text) => Buffer.from(text).toString('base64');
const file = (text, type = 'text/plain') => ({ content_type: type, data: base64(text) });
const names = (rows) => rows.map((row) => row.id);

async function fails(promise, expected) {
  const error = await promise.then(
    () => assert.fail('should have failed'),
    (reason) => reason,
  );
  for (const [key, value] of Object.entries(expected)) assert.equal(error[key], value, `${key} of ${JSON.stringify(error)}`);
}

// A branch of revisions, each following the one before it.
async function branch(db, id, revs, last = {}) {
  for (let n = 0; n < revs.length; n += 1) {
    const ids = revs.slice(0, n + 1).reverse();
    const doc = { _id: id, _rev: `${n + 1}-${revs[n]}`, _revisions: { start: n + 1, ids }, at: revs[n] };
    await db.put({ ...doc, ...(n === revs.length - 1 ? last : {}) }, { new_edits: false });
  }
}

function nextChange(db, options, holds) {
  return new Promise((resolve, reject) => {
    const feed = db.changes({ live: true, ...options });
    feed.on('error', reject);
    feed.on('change', (change) => {
      if (!holds(change)) return;
      feed.cancel();
      resolve(change);
    });
  });
}

export const scenarios = {
  async basics({ remote }) {
    const { rev } = await remote.put({ _id: 'a', n: 1 });
    await fails(remote.put({ _id: 'a' }), { status: 409, name: 'conflict' });
    await fails(remote.put({ _id: 'a', _rev: '1-none' }), { status: 409 });
    await fails(remote.get('none'), { status: 404, name: 'not_found', message: 'missing' });
    await fails(remote.bulkDocs([{ _id: '_odd' }]), { status: 400 });
    await fails(remote.bulkDocs({ docs: [{ _id: 'x', _zing: 1 }] }), { status: 400, name: 'doc_validation' });
    await remote.remove('a', rev);
    await fails(remote.get('a'), { status: 404, reason: 'deleted' });
    const again = await remote.put({ _id: 'a', n: 2 });
    assert.match(again.rev, /^3-/);
    const posted = await remote.post({ n: 3 });
    assert.equal((await remote.get(posted.id)).n, 3);
    const info = await remote.info();
    assert.equal(info.doc_count, 2);
    assert.match(String(info.update_seq), /^4/);
  },

  async strange_ids({ remote, local }) {
    const ids = ['a/b', '水稻', "o'clock", 'x?y&z=1#h', 'constructor', 'toString', 'a b+c', '100%', '_design/foo/bar'];
    const results = await remote.bulkDocs(ids.map((_id) => ({ _id })));
    assert.deepEqual(names(results), ids);
    for (const id of ids) assert.equal((await remote.get(id))._id, id);
    assert.equal((await remote.allDocs({ key: 'constructor' })).rows.length, 1);
    const attached = await remote.putAttachment('a/b', 'my/text?@.txt', results[0].rev, base64('x'), 'text/plain');
    assert.equal(String(await remote.getAttachment('a/b', 'my/text?@.txt')), 'x');
    await remote.removeAttachment('a/b', 'my/text?@.txt', attached.rev);
    const here = local('here');
    await here.replicate.from(remote);
    for (const id of ids) assert.equal((await here.get(id))._id, id);
  },

  async lists({ remote }) {
    await remote.bulkDocs(['0', '3', '1', '2'].map((_id) => ({ _id })));
    const rows = async (options) => names((await remote.allDocs(options)).rows);
    assert.deepEqual(await rows({}), ['0', '1', '2', '3']);
    assert.deepEqual(await rows({ startkey: '1', endkey: '3', inclusive_end: false }), ['1', '2']);
    assert.deepEqual(await rows({ descending: true, skip: 1, limit: 2 }), ['2', '1']);
    assert.deepEqual(await rows({ start_key: '2', end_key: '2' }), ['2']);
    const keys = ['2', '0', '1000'];
    const found = await remote.allDocs({ keys, descending: true });
    assert.deepEqual(found.rows.map((row) => row.key), ['1000', '0', '2']);
    assert.equal(found.rows[0].error, 'not_found');
    await fails(remote.allDocs({ keys, startkey: 'a' }), { status: 400 });
    assert.equal((await remote.allDocs({ keys: ['0'], limit: 0 })).rows.length, 0);
    assert.equal((await remote.allDocs({ limit: 0 })).total_rows, 4);
    const { _rev } = await remote.get('2');
    await remote.remove('2', _rev);
    const [gone] = (await remote.allDocs({ keys: ['2'], include_docs: true })).rows;
    assert.equal(gone.value.deleted, true);
    assert.equal(gone.doc, null);
  },

  async many_at_once({ remote }) {
    const docs = Array.from({ length: 201 }, (_, n) => ({ _id: String(n) }));
    const results = await remote.bulkDocs(docs);
    assert.equal(results.length, 201);
    const mixed = await remote.bulkDocs([{ _id: '0' }, { _id: '0', _rev: results[0].rev, _deleted: true }, { _id: 'new' }]);
    assert.equal(mixed[0].name, 'conflict');
    assert.ok(mixed[1].ok && mixed[2].ok);
    const got = await remote.bulkGet({ docs: [{ id: '1', rev: results[1].rev }, { id: 'none' }], revs: true });
    assert.equal(got.results[0].docs[0].ok._revisions.start, 1);
    assert.equal(got.results[1].docs[0].error.error, 'not_found');
    const diff = await remote.revsDiff({ 1: [results[1].rev, '2-x'], absent: ['1-a'] });
    assert.deepEqual(diff, {
      1: { missing: ['2-x'], possible_ancestors: [results[1].rev] },
      absent: { missing: ['1-a'] },
    });
  },

  async conflicts({ remote }) {
    await branch(remote, 'a', ['a', 'b', 'c']);
    await branch(remote, 'a', ['a', 'd', 'e', 'f']);
    await branch(remote, 'a', ['a', 'g', 'h', 'i', 'j'], { _deleted: true });
    const doc = await remote.get('a', { conflicts: true, revs: true, revs_info: true });
    assert.equal(doc._rev, '4-f');
    assert.deepEqual(doc._conflicts, ['3-c']);
    assert.deepEqual(doc._revisions, { start: 4, ids: ['f', 'e', 'd', 'a'] });
    assert.deepEqual(doc._revs_info.map(({ status }) => status), ['available', 'available', 'available', 'available']);
    const open = await remote.get('a', { open_revs: 'all' });
    assert.deepEqual(open.map(({ ok }) => ok._rev).sort(), ['3-c', '4-f', '5-j']);
    const asked = await remote.get('a', { open_revs: ['2-b', '9-z'], latest: true });
    assert.deepEqual([asked[0].ok._rev, asked[1].missing], ['3-c', '9-z']);
    assert.equal((await remote.get('a', { rev: '2-d' })).at, 'd');
    const { results } = await remote.changes({ style: 'all_docs', include_docs: true, conflicts: true });
    assert.equal(results[0].changes.length, 3);
    assert.deepEqual(results[0].doc._conflicts, ['3-c']);
    await remote.remove('a', '4-f');
    assert.equal((await remote.get('a'))._rev, '3-c');
  },

  async compaction({ remote }) {
    await branch(remote, 'a', ['a', 'b', 'c']);
    await branch(remote, 'a', ['a', 'd'], { _deleted: true });
    assert.deepEqual(await remote.compact(), { ok: true });
    for (const rev of ['1-a', '2-b']) await fails(remote.get('a', { rev }), { status: 404 });
    assert.equal((await remote.get('a', { rev: '3-c' })).at, 'c');
    assert.equal((await remote.get('a', { rev: '2-d' }))._deleted, true);
    const { _revs_info: info } = await remote.get('a', { revs_info: true });
    assert.deepEqual(info.map(({ status }) => status), ['available', 'missing', 'missing']);
    await Promise.all(Array.from({ length: 10 }, async (_, n) => {
      const { rev } = await remote.put({ _id: `p${n}` });
      await remote.compact();
      await remote.put({ _id: `p${n}`, _rev: rev });
      await remote.compact();
    }));
  },

  async local_documents({ remote }) {
    const first = await remote.put({ _id: '_local/x', n: 1 });
    assert.equal(first.rev, '0-1');
    await fails(remote.put({ _id: '_local/x' }), { status: 409 });
    await fails(remote.put({ _id: '_local/new', _rev: '1-fake' }), { status: 400 });
    const second = await remote.put({ _id: '_local/x', _rev: first.rev, n: 2, _revisions: { start: 0, ids: ['1'] } });
    assert.equal((await remote.get('_local/x'))._revisions, undefined);
    assert.equal((await remote.put({ _id: '_local/x', _rev: second.rev, _deleted: true })).rev, '0-0');
    await fails(remote.get('_local/x'), { status: 404 });
    assert.equal((await remote.bulkDocs([{ _id: '_local/y' }]))[0].rev, '0-1');
    assert.equal((await remote.remove({ _id: '_local/y', _rev: '0-1' })).rev, '0-0');
    assert.deepEqual((await remote.changes()).results, []);
  },

  async attachments({ remote }) {
    const put = await remote.put({ _id: 'a', _attachments: { 'x.txt': file('This is text'), empty: file('') } });
    let doc = await remote.get('a');
    assert.equal(doc._attachments['x.txt'].stub, true);
    assert.equal(doc._attachments['x.txt'].length, 12);
    doc = await remote.get('a', { attachments: true });
    assert.equal(doc._attachments['x.txt'].data, base64('This is text'));
    doc = await remote.get('a', { attachments: true, binary: true });
    assert.equal(String(doc._attachments['x.txt'].data), 'This is text');
    assert.equal(String(await remote.getAttachment('a', 'empty')), '');
    doc = await remote.get('a');
    doc._attachments.more = file('more');
    const { rev } = await remote.put(doc);
    assert.equal(String(await remote.getAttachment('a', 'x.txt')), 'This is text');
    assert.equal((await remote.get('a'))._attachments.more.revpos, 2);
    doc = await remote.get('a');
    doc._attachments.false = { stub: true, digest: 'md5-sorryIDoNotReallyExist==' };
    await fails(remote.put(doc), { status: 412, name: 'missing_stub' });
    await fails(remote.put({ _id: 'b', _attachments: { _x: file('x') } }), { status: 400, name: 'bad_request' });
    await fails(remote.put({ _id: 'b', _attachments: { x: { data: '!', content_type: 'x' } } }), { status: 400 });
    await fails(remote.putAttachment('a', 'y', put.rev, base64('y'), 'text/plain'), { status: 409, name: 'conflict' });
    await fails(remote.getAttachment('a', 'none'), { status: 404 });
    await remote.removeAttachment('a', 'x.txt', rev);
    await fails(remote.getAttachment('a', 'x.txt'), { status: 404 });
    assert.equal(String(await remote.getAttachment('a', 'x.txt', { rev })), 'This is text');
    const { rows } = await remote.allDocs({ include_docs: true, attachments: true, binary: true });
    assert.equal(String(rows[0].doc._attachments.more.data), 'more');
    const { results } = await remote.changes({ include_docs: true, attachments: true });
    assert.equal(results[0].doc._attachments.more.data, base64('more'));
  },

  async attachments_travel({ remote, local }) {
    const binary = Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * 7) % 256));
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, file(`text ${n}`)]));
    const [one, two] = [local('one'), local('two')];
    await one.put({ _id: 'a', _attachments: { ...many, large: { content_type: 'image/png', data: binary } } });
    await one.bulkDocs(Array.from({ length: 30 }, (_, n) => ({ _id: `d${n}`, _attachments: { x: file(`of ${n}`) } })));
    await one.replicate.to(remote);
    assert.ok(binary.equals(await remote.getAttachment('a', 'large')));
    await two.replicate.from(remote);
    assert.ok(binary.equals(await two.getAttachment('a', 'large')));
    assert.equal(String(await two.getAttachment('d29', 'x')), 'of 29');
    const doc = await two.get('a');
    delete doc._attachments.large;
    doc._attachments.new = file('new');
    await two.put(doc);
    await two.replicate.to(remote);
    await one.replicate.from(remote);
    assert.equal(Object.keys((await one.get('a'))._attachments).length, 21);
    assert.equal(String(await one.getAttachment('a', 'f7')), 'text 7');
  },

  async changes({ remote }) {
    const docs = Array.from({ length: 30 }, (_, n) => ({ _id: `d${String(n).padStart(2, '0')}`, n }));
    await remote.bulkDocs(docs);
    const all = await remote.changes();
    assert.equal(all.results.length, 30);
    const some = await remote.changes({ limit: 10, since: all.results[4].seq });
    assert.deepEqual(names(some.results), docs.slice(5, 15).map(({ _id }) => _id));
    assert.equal((await remote.changes({ limit: 1, descending: true })).results[0].id, 'd29');
    assert.equal((await remote.changes({ since: all.last_seq })).results.length, 0);
    assert.equal((await remote.changes({ limit: 5, batch_size: 2 })).results.length, 5);
    assert.deepEqual(names((await remote.changes({ doc_ids: ['d03', 'd07', 'none'] })).results), ['d03', 'd07']);
    assert.deepEqual(names((await remote.changes({ selector: { n: { $in: [4, 8] } } })).results), ['d04', 'd08']);
    await fails(remote.changes({ filter: 'absent/odd' }), { status: 404 });
    await remote.put({ _id: '_design/f', filters: { odd: 'function () { return true; }' } });
    await fails(remote.changes({ filter: 'f/odd' }), { status: 501 });
    await fails(remote.changes({ filter: 'f/none' }), { status: 404 });
  },

  async live_changes({ remote }) {
    const plain = nextChange(remote, { since: 0, include_docs: true }, ({ id }) => id === 'x');
    const chosen = nextChange(remote, { since: 0, doc_ids: ['y'] }, () => true);
    const matching = nextChange(remote, { since: 0, selector: { crop: 'rice' }, include_docs: true }, () => true);
    await remote.bulkDocs([{ _id: 'w' }, { _id: 'x', n: 1 }, { _id: 'y' }, { _id: 'z', crop: 'rice' }]);
    assert.equal((await plain).doc.n, 1);
    assert.equal((await chosen).id, 'y');
    assert.equal((await matching).doc.crop, 'rice');
    const { rev } = await remote.get('x').then(({ _rev }) => ({ rev: _rev }));
    const deleted = nextChange(remote, { since: 0 }, (change) => change.deleted);
    await remote.remove('x', rev);
    assert.equal((await deleted).id, 'x');
  },

  async replication_is_filtered({ remote, local }) {
    await remote.bulkDocs(Array.from({ length: 20 }, (_, n) => ({ _id: `d${n}`, crop: n % 2 ? 'rice' : 'maize' })));
    const [chosen, matching, deletions] = [local('chosen'), local('matching'), local('deletions')];
    await chosen.replicate.from(remote, { doc_ids: ['d3', 'd4'] });
    assert.deepEqual(names((await chosen.allDocs()).rows), ['d3', 'd4']);
    const first = await matching.replicate.from(remote, { selector: { crop: 'rice' }, batch_size: 3 });
    assert.equal(first.docs_written, 10);
    const again = await matching.replicate.from(remote, { selector: { crop: 'rice' } });
    assert.equal(again.docs_read, 0);
    const { _rev } = await remote.get('d1');
    await remote.remove('d1', _rev);
    await deletions.replicate.from(remote);
    await fails(deletions.get('d1'), { reason: 'deleted' });
  },

  async checkpoints({ PouchDB, remote, url, local }) {
    const here = local('here');
    await remote.bulkDocs(Array.from({ length: 25 }, (_, n) => ({ _id: `d${n}` })));
    const first = await here.replicate.from(remote, { batch_size: 10 });
    assert.equal(first.docs_read, 25);
    await remote.put({ _id: 'later' });
    const second = await here.replicate.from(remote);
    assert.equal(second.docs_read, 1);
    await remote.destroy();
    const anew = new PouchDB(url);
    await anew.put({ _id: 'new world' });
    await here.replicate.from(anew);
    assert.equal((await here.get('new world'))._id, 'new world');
    const back = await here.replicate.to(anew);
    assert.equal(back.docs_written, 26);
  },

  async conflicts_travel({ remote, local }) {
    const [one, two] = [local('one'), local('two')];
    const { rev } = await one.put({ _id: 'a', n: 0 });
    await one.sync(remote);
    await two.sync(remote);
    await one.put({ _id: 'a', _rev: rev, n: 1 });
    await two.put({ _id: 'a', _rev: rev, n: 2 });
    for (const db of [one, two, one]) await db.sync(remote);
    const docs = await Promise.all([one, two, remote].map((db) => db.get('a', { conflicts: true })));
    assert.equal(new Set(docs.map((doc) => `${doc._rev} ${doc._conflicts}`)).size, 1);
    await remote.remove('a', docs[0]._conflicts[0]);
    for (const db of [one, two]) await db.sync(remote);
    for (const db of [one, two, remote]) assert.equal((await db.get('a', { conflicts: true }))._conflicts, undefined);
  },

  async server_to_server({ PouchDB, remote, url }) {
    const other = new PouchDB(`${url}-other`);
    await branch(remote, 'a', ['a', 'b']);
    await branch(remote, 'a', ['a', 'c'], { _attachments: { x: file('x') } });
    await remote.bulkDocs(Array.from({ length: 150 }, (_, n) => ({ _id: `d${n}` })));
    const done = await PouchDB.replicate(remote, other, { batch_size: 40 });
    assert.equal(done.docs_written, 152);
    assert.deepEqual((await other.get('a', { conflicts: true }))._conflicts, ['2-b']);
    assert.equal(String(await other.getAttachment('a', 'x')), 'x');
    await other.destroy();
  },

  async long_histories({ remote, local }) {
    const here = local('here');
    let { rev } = await here.put({ _id: 'a' });
    for (let n = 0; n < 40; n += 1) ({ rev } = await here.put({ _id: 'a', _rev: rev, n }));
    await here.replicate.to(remote);
    const { _revisions: history } = await remote.get('a', { revs: true });
    assert.equal(history.ids.length, 41);
    await remote.put({ _id: 'a', _rev: rev, n: 'end' });
    await here.replicate.from(remote);
    assert.equal((await here.get('a')).n, 'end');
  },
};
