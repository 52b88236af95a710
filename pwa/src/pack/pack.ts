/** The offline pack as the rest of the application sees it: what is held, what is on its way, and questions. */
import { batch, computed, effect, signal, untracked } from '@preact/signals';
import type { Person } from '../domain/person.ts';
import { session } from '../store/session.ts';
import { reach } from '../sync/api.ts';
import { lastAgreed } from '../sync/loop.ts';
import { waiting } from '../sync/outbox.ts';
import { phase } from '../sync/phase.ts';
import type { Meta } from './held.ts';
import type { Ending, FromWorker, ToWorker } from './messages.ts';
import { decide, nextDue } from './policy.ts';
import type { Question, Similar } from './question.ts';

/** Why the last try came to nothing. `unable`: this browser cannot keep a pack. */
const FAULTS = ['broken', 'no_room', 'refused', 'unable'] as const;
export type Fault = '' | (typeof FAULTS)[number];

/** What the phone can search without a network; null for nothing. */
export const held = signal<Meta | null>(null);
/** Bytes of a file that is on its way, also while it is paused. */
export const underway = signal<{ done: number; total: number } | null>(null);
export const running = signal(false);
export const fault = signal<Fault>('');
const pressed = signal(false);
/** The person asked for it, and something else goes first. */
export const waits = computed(() => pressed.value && !running.value);

const COUNTY_DIGITS = 6;
const TICK_MS = 3_000;
const BEFORE_NEXT_LOOK_MS = 60_000;
/** Another tab fetches it; should that be closed, this one goes on. */
const OTHER_TAB_MS = 60_000;
const questions = new Map<number, (similar: Similar | null) => void>();

let worker: Worker | null = null;
let county = '';
let asked = 0;
let due = 0;
let failures = 0;
let lookedAt = 0;
let since = 0;
let reached = false;
/** Of the session that the page began with: another one is a login. */
let token = session.value?.token ?? '';

const isAble = (): boolean =>
  typeof Worker !== 'undefined' &&
  typeof DecompressionStream !== 'undefined' &&
  typeof indexedDB !== 'undefined' &&
  typeof crypto.subtle !== 'undefined';

/** Opens what is kept for the person's county and keeps it up to date until the returned function is called. */
export function openPack(person: Person): () => void {
  if (!isAble()) {
    fault.value = 'unable';
    return () => undefined;
  }
  // The pack names the county by its six digits.
  county = person.county.slice(0, COUNTY_DIGITS);
  since = Date.now();
  failures = lookedAt = 0;
  // Who logs in gets the newest; who only comes back has looked within the hour, or looks once it is known.
  due = session.value?.token === token ? Infinity : 0;
  token = session.value?.token ?? '';
  say({ kind: 'open', county });
  const stop = effect(consider);
  const timer = setInterval(consider, TICK_MS);
  addEventListener('online', onReach);
  return () => {
    stop();
    clearInterval(timer);
    removeEventListener('online', onReach);
    say({ kind: 'pause' });
    county = '';
    held.value = underway.value = null;
    pressed.value = running.value = false;
    fault.value = '';
    for (const [n, resolve] of questions) settle(n, resolve, null);
  };
}

/** The person wants it now, whatever it costs. */
export function fetchNow(): void {
  pressed.value = true;
  fault.value = '';
  consider();
}

/** Reads the pack into memory, so that the first question is answered at once. */
export function warmUp(): void {
  if (held.value) say({ kind: 'warm' });
}

/** What the phone finds; null where it has nothing to look in. */
export function ask(question: Question): Promise<Similar | null> {
  if (!held.value) return Promise.resolve(null);
  return new Promise((resolve) => {
    questions.set((asked += 1), resolve);
    say({ kind: 'ask', n: asked, question });
  });
}

/** Starts, pauses or waits, as things stand. */
function consider(): void {
  const before = reached;
  reached = reach.value === 'ok';
  if (reached && !before && due !== Infinity) return onReach();
  const decision = decide({
    online: navigator.onLine,
    reach: reach.value,
    waiting: waiting.value.length,
    phase: phase.value,
    agreed: (lastAgreed.value ?? 0) >= since,
    saveData: savesData(),
    pressed: pressed.value,
    running: running.value,
    due,
    now: Date.now(),
  });
  untracked(() => {
    if (decision === 'pause') say({ kind: 'pause' });
    if (decision === 'start') start();
  });
}

function start(): void {
  if (!session.value || !county) return;
  running.value = true;
  lookedAt = Date.now();
  say({ kind: 'update', token: session.value.token });
}

/** The county can be reached again: what was begun goes on, and there may be news. */
function onReach(): void {
  if (Date.now() - lookedAt >= BEFORE_NEXT_LOOK_MS || underway.value) due = 0;
  consider();
}

const savesData = (): boolean =>
  Boolean((navigator as { connection?: { saveData?: boolean } }).connection?.saveData);

function say(message: ToWorker): void {
  if (!worker) {
    worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => hear(data);
    // An error without words: the worker's file could not be read.
    worker.onerror = ({ message }) => {
      if (!message) fault.value = 'unable';
    };
  }
  worker.postMessage(message);
}

function hear(message: FromWorker): void {
  switch (message.kind) {
    case 'held':
      if (message.county === county) hold(message.meta);
      return;
    case 'answer': {
      const resolve = questions.get(message.n);
      if (resolve) settle(message.n, resolve, message.similar);
      return;
    }
    case 'progress':
      underway.value = { done: message.done, total: message.total };
      return;
    case 'over':
      over(message.ending);
  }
}

function hold(meta: Meta | null): void {
  held.value = meta;
  if (due !== 0) due = meta ? nextDue(meta.at) : 0;
  consider();
}

/** A link that broke is no fault: it goes on later. */
const faultOf = (ending: Ending): Fault => FAULTS.find((each) => each === ending) ?? '';

function over(ending: Ending): void {
  const cut = ending === 'cut';
  failures = cut || faultOf(ending) ? failures + 1 : 0;
  const kind = ending === 'cut' || ending === 'refused' ? ending : 'useless';
  due = ending === 'busy' ? Date.now() + OTHER_TAB_MS : nextDue(Date.now(), failures, kind);
  batch(() => {
    fault.value = faultOf(ending);
    if (!cut) underway.value = null;
    if (!cut) pressed.value = false;
    running.value = false;
  });
}

function settle(n: number, resolve: (similar: Similar | null) => void, similar: Similar | null): void {
  questions.delete(n);
  resolve(similar);
}
