import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { AnyDocument } from '../src/contract/types.ts';
import { fold, type Consultation } from '../src/domain/fold.ts';
import type { Limits } from '../src/domain/workflow.ts';

interface Vector {
  name: string;
  documents: AnyDocument[];
  expect: Record<string, unknown> | null;
}

const source = new URL('../../tests/vectors/workflow.json', import.meta.url);
const { limits, vectors } = JSON.parse(readFileSync(source, 'utf8')) as { limits: Limits; vectors: Vector[] };

/** A consultation in the shape of the vectors: documents by their ids. */
function plain(consultation: Consultation): Record<string, unknown> {
  const ids = (list: { _id: string }[]) => list.map((each) => each._id);
  return {
    ...consultation,
    ignored: [...consultation.ignored].sort(),
    thread: ids(consultation.thread),
    media: ids(consultation.media),
    demand: consultation.demand._id,
    similar: consultation.similar?._id ?? null,
    contact: consultation.contact?._id ?? null,
  };
}

for (const { name, documents, expect } of vectors) {
  test(`the fold and Python's agree: ${name}`, () => {
    const consultation = fold(documents, limits);
    if (expect === null) return assert.equal(consultation, null);
    assert.ok(consultation);
    const folded = plain(consultation);
    for (const [field, value] of Object.entries(expect)) {
      assert.deepEqual(folded[field], value, field);
    }
  });

  test(`order and repetition do not matter: ${name}`, () => {
    const turned = [...documents].reverse();
    assert.deepEqual(fold([...turned, ...documents], limits), fold(documents, limits));
  });
}
