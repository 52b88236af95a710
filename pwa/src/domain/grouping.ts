/** Lists by who must act (GUIDE.md, principle 3). */
import type { Consultation } from './fold.ts';
import type { Person } from './person.ts';

export interface Worklist {
  todo: Consultation[];
  waiting: Consultation[];
  done: Consultation[];
}

/** The consultations of this person, kept in their order; an expert's by time limit. */
export function worklist(all: readonly Consultation[], person: Person | null): Worklist {
  const list: Worklist = { todo: [], waiting: [], done: [] };
  if (!person) return list;
  for (const each of all) list[placeOf(each, person)].push(each);
  if (person.role === 'expert') list.todo.sort(byDue);
  return list;
}

function placeOf(consultation: Consultation, person: Person): keyof Worklist {
  if (person.role === 'expert') return placeForExpert(consultation, person.id);
  if (consultation.demand.reporter !== person.id) return consultation.closed ? 'done' : 'waiting';
  if (consultation.closed) return 'done';
  return consultation.turn === 'informant' ? 'todo' : 'waiting';
}

function placeForExpert(consultation: Consultation, me: string): keyof Worklist {
  if (consultation.closed || consultation.expert !== me) return 'done';
  return consultation.turn === 'expert' ? 'todo' : 'waiting';
}

/** By time limit; visits, which have none, come after, oldest first. */
const dueOf = (each: Consultation) => each.reply_due ?? `9999 ${each.demand.at}`;
const byDue = (a: Consultation, b: Consultation) => (dueOf(a) < dueOf(b) ? -1 : 1);

/** Whether this person has to act next. */
export function isYours(consultation: Consultation, person: Person | null): boolean {
  return person !== null && placeOf(consultation, person) === 'todo';
}

/** The crop, or the industry where none was named. */
export const subjectOf = (consultation: Consultation) =>
  consultation.demand.crop || consultation.demand.industry;

/** The first line of a demand, short enough for a title. */
export function titleOf(consultation: Consultation): string {
  return consultation.demand.text.split('\n')[0]!.slice(0, 60);
}
