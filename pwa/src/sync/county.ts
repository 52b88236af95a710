/** What the county tells about itself and about the person: kept, so that it is there offline. */
import type { Person } from '../domain/person.ts';
import { keepProgramme, type Programme } from '../store/programme.ts';
import { updatePerson } from '../store/session.ts';
import { request } from './api.ts';

export async function fetchProgramme(): Promise<void> {
  keepProgramme(await request<Programme>('GET', '/api/programme'));
}

export async function fetchPerson(): Promise<void> {
  updatePerson(await request<Person>('GET', '/api/me'));
}
