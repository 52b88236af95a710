/**
 * What is being written. Text is kept at every keystroke (localStorage is there at once, and survives the
 * page being closed at any moment); photos go into the person's database, which has room for them.
 */
import { signal, type Signal } from '@preact/signals';
import { cut, join } from '../domain/chunks.ts';
import type { Photo } from '../domain/documents.ts';
import { keep, kept } from './kept.ts';
import { readNote, writeNote, type Database } from './pouch.ts';

/** A draft that keeps itself: `update` writes through. */
export interface Draft<T extends object> {
  value: Signal<T>;
  update(change: Partial<T>): void;
  clear(): void;
}

const open = new Map<string, Draft<object>>();

/** The draft of this name of this person. The same object each time, so that two screens share it. */
export function draft<T extends object>(person: string, name: string, empty: T): Draft<T> {
  const key = `draft.${person}.${name}`;
  const known = open.get(key) as Draft<T> | undefined;
  if (known) return known;
  const value = signal<T>({ ...empty, ...kept<Partial<T>>(key, {}) });
  const made: Draft<T> = {
    value,
    update(change) {
      value.value = { ...value.value, ...change };
      keep(key, value.value);
    },
    clear() {
      value.value = { ...empty };
      keep(key, null);
    },
  };
  open.set(key, made as unknown as Draft<object>);
  return made;
}

interface StoredPhotos {
  photos: { data: string; width: number; height: number }[];
}

/** The photos of a draft. */
export async function draftPhotos(db: Database, name: string): Promise<Photo[]> {
  const { photos } = await readNote<StoredPhotos>(db, `draft-${name}`, { photos: [] });
  return photos.map(({ data, width, height }) => ({ bytes: join([data]), width, height }));
}

export async function keepDraftPhotos(db: Database, name: string, photos: readonly Photo[]): Promise<void> {
  const stored: StoredPhotos = {
    photos: photos.map(({ bytes, width, height }) => ({
      data: cut(bytes, bytes.length)[0] ?? '',
      width,
      height,
    })),
  };
  await writeNote(db, `draft-${name}`, stored);
}
