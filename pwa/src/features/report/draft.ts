/** The demand that is being written: kept at every keystroke, photos too. */
import { signal } from '@preact/signals';
import { localDatabase } from '../../app/workspace.ts';
import type { Photo } from '../../domain/documents.ts';
import { draft, draftPhotos, keepDraftPhotos } from '../../store/drafts.ts';
import { kept, keep } from '../../store/kept.ts';
import { person } from '../../store/session.ts';

const EMPTY = { industry: '', crop: '', part: '', text: '', farmer: '', phone: '' };

export type ReportText = typeof EMPTY;

export const reportDraft = () => draft<ReportText>(person.value!.id, 'report', EMPTY);

export const reportPhotos = signal<readonly Photo[]>([]);
let photosOf = '';

/** Reads the photos of the draft, once a person. */
export async function openReportPhotos(): Promise<void> {
  const db = localDatabase.value;
  const id = person.value?.id ?? '';
  if (!db || photosOf === id) return;
  photosOf = id;
  reportPhotos.value = await draftPhotos(db, 'report');
}

export function changeReportPhotos(photos: Photo[]): void {
  reportPhotos.value = photos;
  if (localDatabase.value) void keepDraftPhotos(localDatabase.value, 'report', photos);
}

export function clearReport(): void {
  reportDraft().clear();
  changeReportPhotos([]);
}

const FREQUENT = 6;

/** Crops that this person reports most lately. */
export function frequentCrops(): string[] {
  return kept<string[]>(`crops.${person.value!.id}`, []);
}

export function noteCrop(name: string): void {
  const names = [name, ...frequentCrops().filter((each) => each !== name)].slice(0, FREQUENT);
  keep(`crops.${person.value!.id}`, names);
}
