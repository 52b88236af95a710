import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cut, join } from '../src/domain/chunks.ts';
import { sha256 } from '../src/domain/sha256.ts';
import { newMedia } from '../src/domain/documents.ts';
import { CHUNK_BYTES } from '../src/domain/workflow.ts';

function bytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, n) => (n * 31 + (n >> 8)) % 256);
}

for (const length of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 100_003]) {
  test(`${length} bytes come back as they were`, () => {
    const pieces = cut(bytes(length));
    assert.equal(pieces.length, Math.ceil(length / CHUNK_BYTES));
    assert.deepEqual(join(pieces), bytes(length));
  });
}

test('no piece is larger than what the county takes', () => {
  const most = Math.ceil(CHUNK_BYTES / 3) * 4;
  for (const piece of cut(bytes(100_003))) assert.ok(piece.length <= most);
});

test('the checksum is that of the standard', async () => {
  const abc = new TextEncoder().encode('abc') as Uint8Array<ArrayBuffer>;
  assert.equal(await sha256(abc), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('a photo is described by what its chunks hold', async () => {
  const author = { id: '01HWREP0RTER00000000000000', device: '0a0a0a0a', region: '510726105201' };
  const photo = { bytes: bytes(60_000), width: 1280, height: 960 };
  const [media, ...chunks] = await newMedia(author, '01HWDEMAND0000000000000000', photo, 1777881600000);
  assert.equal(media.chunks, chunks.length);
  assert.equal(media.bytes, 60_000);
  assert.deepEqual(
    chunks.map((chunk) => chunk._id),
    [0, 1, 2].map((n) => `chunk:${media._id.slice(6)}:000${n}`),
  );
  assert.equal(await sha256(join(chunks.map((chunk) => chunk.data))), media.sha256);
});
