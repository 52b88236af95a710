/** Who is logged in on this phone. Nothing here is needed to keep documents: those outlive every session. */
import { computed, signal } from '@preact/signals';
import type { Person } from '../domain/person.ts';
import { keep, kept } from './kept.ts';

export interface Session {
  token: string;
  device: string;
  person: Person;
}

/** Everybody who ever logged in here, with the devices that their documents may carry. */
export interface KnownPerson {
  id: string;
  name: string;
  phone: string;
  devices: string[];
}

export const session = signal<Session | null>(kept<Session | null>('session', null));
export const person = computed(() => session.value?.person ?? null);
export const people = signal<KnownPerson[]>(kept<KnownPerson[]>('people', []));
/** Just typed, for the change of the first password; never written anywhere. */
export const typedPassword = signal('');

export function beginSession(next: Session, phone: string): void {
  const known = people.value.find((each) => each.id === next.person.id);
  const devices = [...new Set([...(known?.devices ?? []), next.device])];
  people.value = [
    { id: next.person.id, name: next.person.name, phone, devices },
    ...people.value.filter((each) => each.id !== next.person.id),
  ];
  keep('people', people.value);
  keepSession(next);
}

export function updatePerson(next: Person): void {
  if (session.value) keepSession({ ...session.value, person: next });
}

export function endSession(): void {
  session.value = null;
  typedPassword.value = '';
  keep('session', null);
}

/** The devices that this person's documents on this phone carry: each login may have given another. */
export function ownDevices(id: string): string[] {
  return people.value.find((each) => each.id === id)?.devices ?? [];
}

function keepSession(next: Session): void {
  session.value = next;
  keep('session', next);
}
