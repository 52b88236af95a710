import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { digest, fingerprint, listing, parseMarks, sizeFor } from '../src/domain/digest.ts';

interface Vectors {
  fingerprints: { id: string; rev: string; fingerprint: string }[];
  digests: { size: number; digest: string; buckets: number[]; listing: [number, Record<string, string>] }[];
  sizes: { counts: number[]; sizes: number[] };
}

// The same vectors hold the server's side: tests/sync/test_exchange_digest.py.
const source = new URL('../../tests/vectors/exchange.json', import.meta.url);
const vectors = JSON.parse(readFileSync(source, 'utf8')) as Vectors;
const marks = vectors.fingerprints.map((each) => fingerprint(each.id, each.rev));

test('fingerprints', () => {
  assert.deepEqual(
    marks,
    vectors.fingerprints.map((each) => each.fingerprint),
  );
});

test('digests and listings', () => {
  for (const each of vectors.digests) {
    assert.equal(digest(marks, each.size), each.digest);
    assert.deepEqual(listing(marks, each.size, each.buckets), each.listing);
  }
});

test('sizes', () => assert.deepEqual(vectors.sizes.counts.map(sizeFor), vectors.sizes.sizes));

test('fingerprints from the wire', () => {
  const { listing: lists } = vectors.digests[0]!;
  assert.deepEqual(parseMarks(lists[1]['0']!), [...marks].sort());
  assert.deepEqual(parseMarks(''), []);
});
