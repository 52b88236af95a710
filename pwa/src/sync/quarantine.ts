/** What the server holds in quarantine: why, under which receipt, and what the person did about it. */
import { computed, signal } from '@preact/signals';
import type { AnyDocument } from '../contract/types.ts';
import { nameOf, typeOf } from '../domain/ids.ts';
import { readNote, writeNote, type Database } from '../store/pouch.ts';
import { request } from './api.ts';

export interface Quarantined {
  receipt: string;
  id: string;
  code: string;
  reason: string;
  at: string;
  state: string;
  body?: AnyDocument;
}

/** Everything of one consultation that was refused; `main` is what the person wrote. */
export interface Problem {
  demand: string;
  main: Quarantined;
  parts: Quarantined[];
}

interface Kept {
  entries: Quarantined[];
  /** Receipts that the person left with the county. */
  left: string[];
  /** Receipts that were settled here, of which the server does not know yet. */
  unsettled: string[];
}

const SETTLED = ['resent', 'discarded', 'released'];
const EMPTY: Kept = { entries: [], left: [], unsettled: [] };

const kept = signal<Kept>(EMPTY);
let database: Database | null = null;

/** Whether the server has to be told of something. */
export const hasUnsettled = () => kept.value.unsettled.length > 0;

const open_ = computed(() => kept.value.entries.filter((entry) => !SETTLED.includes(entry.state)));
const everRefused = computed(() =>
  kept.value.entries.filter((entry) => entry.state !== 'released' && typeOf(entry.id) === 'demand'),
);

/** Demands that the server refused: their photos and records wait with them. */
export const heldDemands = computed(() => new Set(everRefused.value.map((entry) => nameOf(entry.id))));
/** Of those, the ones that the person left with the county: still shown as theirs. */
export const leftDemands = computed(
  () =>
    new Set(
      open_.value.filter((entry) => kept.value.left.includes(entry.receipt)).map((entry) => demandOf(entry)),
    ),
);
/** What the person has to look at. */
export const problems = computed(() => {
  const groups = new Map<string, Quarantined[]>();
  for (const entry of open_.value) {
    const demand = demandOf(entry);
    const wholeDemand = heldDemands.value.has(demand);
    const key = wholeDemand ? demand : entry.id;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()]
    .filter((parts) => !parts.every((part) => kept.value.left.includes(part.receipt)))
    .map((parts): Problem => {
      const main = parts.find((part) => typeOf(part.id) === 'demand') ?? parts[0]!;
      return { demand: demandOf(main), main, parts };
    });
});

export async function open(db: Database): Promise<void> {
  database = db;
  kept.value = { ...EMPTY, ...(await readNote<Kept>(db, 'refused', EMPTY)) };
}

export function close(): void {
  database = null;
  kept.value = EMPTY;
}

/** Notes at once what an answer refused; the receipts follow with `refresh`. */
export async function note(refused: readonly Quarantined[]): Promise<void> {
  const known = new Set(refused.map((entry) => entry.id));
  await store({
    ...kept.value,
    entries: [...kept.value.entries.filter((e) => !known.has(e.id)), ...refused],
  });
}

/** Tells the server what was settled here, then reads its own list, which decides. */
export async function refresh(): Promise<void> {
  for (const receipt of kept.value.unsettled) {
    await request('POST', `/sync/quarantine/${encodeURIComponent(receipt)}`, { state: 'resent' });
    await store({ ...kept.value, unsettled: kept.value.unsettled.filter((each) => each !== receipt) });
  }
  const { quarantined } = await request<{ quarantined: Quarantined[] }>('GET', '/sync/quarantine');
  // What was settled while the answer was on its way stays settled.
  const settledHere = new Set(kept.value.unsettled);
  const entries = quarantined.map(withoutBulk);
  await store({ ...kept.value, entries: entries.map((each) => settled(each, settledHere)) });
}

/** Documents that are here and in the county's quarantine, and nowhere else. */
export const refusedIds = () =>
  new Set(kept.value.entries.filter((entry) => entry.state !== 'released').map((entry) => entry.id));

/** Refused only because their demand was not there, which it is now. */
export function retriable(demands: ReadonlySet<string>): Quarantined[] {
  return open_.value.filter(
    (entry) =>
      entry.code === 'no_demand' && demands.has(demandOf(entry)) && !heldDemands.value.has(demandOf(entry)),
  );
}

/** The person sent something better instead. Works offline: the server is told when it can be reached. */
export async function settle(entries: readonly Quarantined[]): Promise<void> {
  const receipts = entries.map((entry) => entry.receipt).filter(Boolean);
  await store({
    ...kept.value,
    unsettled: [...kept.value.unsettled, ...receipts],
    entries: kept.value.entries.map((entry) => settled(entry, new Set(receipts))),
  });
}

/** The person leaves it with the county. */
export async function leave(entries: readonly Quarantined[]): Promise<void> {
  await store({ ...kept.value, left: [...kept.value.left, ...entries.map((entry) => entry.receipt)] });
}

export function demandOf(entry: Quarantined): string {
  switch (typeOf(entry.id)) {
    case 'demand':
      return nameOf(entry.id);
    case 'event':
    case 'contact':
      return nameOf(entry.id).slice(0, 26);
    default:
      return entry.body && 'demand' in entry.body ? entry.body.demand : '';
  }
}

const settled = (entry: Quarantined, receipts: ReadonlySet<string>): Quarantined =>
  receipts.has(entry.receipt) ? { ...entry, state: 'resent' } : entry;

function withoutBulk(entry: Quarantined): Quarantined {
  if (entry.body?.type !== 'chunk') return entry;
  return { ...entry, body: { ...entry.body, data: '' } };
}

async function store(next: Kept): Promise<void> {
  kept.value = next;
  if (database) await writeNote(database, 'refused', next);
}
