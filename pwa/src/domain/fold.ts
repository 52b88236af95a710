/** A consultation as a fold over its documents: the same table and the same answers as models/workflow.py. */
import type {
  AnyDocument,
  ContactDocument,
  DemandDocument,
  EventDocument,
  MediaDocument,
  SimilarDocument,
  StateName,
} from '../contract/types.ts';
import { nameOf } from './ids.ts';
import { DEFAULT_LIMITS, KINDS, STATES, type Limits, type Turn } from './workflow.ts';

export interface Consultation {
  id: string;
  demand: DemandDocument;
  state: StateName;
  step: number;
  turn: Turn;
  closed: boolean;
  /** All events in order, those that changed nothing too; the ids of the latter are in `ignored`. */
  thread: EventDocument[];
  ignored: ReadonlySet<string>;
  received_at: string | null;
  expert: string | null;
  expert_name: string | null;
  experts: string[];
  replies: string[];
  triage_due: string | null;
  reply_due: string | null;
  callback_due: string | null;
  returned: boolean;
  missed_calls: number;
  outcome: string | null;
  verdict: string | null;
  category: string | null;
  rating: number | null;
  closed_at: string | null;
  changed_at: string | null;
  similar: SimilarDocument | null;
  contact: ContactDocument | null;
  media: MediaDocument[];
}

/** What the events so far have set. */
interface Run {
  limits: Limits;
  state: StateName;
  ignored: Set<string>;
  values: Partial<Consultation>;
  /** Everybody who was asked and has not declined, with their names. */
  assigned: Map<string, string>;
  /** Who has answered or visited. */
  served: Set<string>;
  replies: string[];
}

type Setter = (run: Run, event: EventDocument) => void;

/** An ISO 8601 moment moved on, with milliseconds and Z. */
export function later(moment: string, minutes: number): string {
  return new Date(Date.parse(moment) + minutes * 60_000).toISOString();
}

/** Phones' clocks are wrong and phones stay offline for days: limits wait for the receipt. */
function notBeforeReceipt(run: Run, moment: string): string {
  const received = run.values.received_at ?? '';
  return moment > received ? moment : received;
}

const engage: Setter = (run, event) => {
  Object.assign(run.values, { expert: event.expert, expert_name: event.expert_name, returned: false });
  run.assigned.set(event.expert!, event.expert_name!);
};

const SETTERS: Partial<Record<EventDocument['kind'], Setter>> = {
  received(run, event) {
    run.values.received_at = event.at;
    run.values.triage_due = later(event.at, run.limits.triage_minutes);
  },
  assigned(run, event) {
    engage(run, event);
    run.values.reply_due = event.due || later(event.at, run.limits.reply_minutes);
  },
  dispatched: engage,
  declined(run, event) {
    Object.assign(run.values, { expert: null, expert_name: null });
    if (!run.served.has(event.by)) run.assigned.delete(event.by);
  },
  unsolved(run) {
    // Back to the centre; what a callback judged before no longer holds.
    const judged = { rating: null, outcome: null, verdict: null, category: null };
    Object.assign(run.values, { expert: null, expert_name: null, missed_calls: 0, ...judged });
  },
  added(run, event) {
    // The expert gets their time anew when the question goes back to them.
    if (!['asking', 'replied', 'relayed', 'visited'].includes(run.state)) return;
    const anew = later(notBeforeReceipt(run, event.at), run.limits.reply_minutes);
    const before = run.values.reply_due ?? '';
    run.values.reply_due = anew > before ? anew : before;
  },
  visited(run) {
    if (run.values.expert) run.served.add(run.values.expert);
  },
  replied(run, event) {
    run.replies.push(event._id);
    run.served.add(event.by);
    // A late answer while nobody is asked; a further question would have no reader.
    if (!run.values.expert) {
      Object.assign(run.values, { expert: event.by, expert_name: run.assigned.get(event.by) });
    }
  },
  rated(run, event) {
    run.values.rating = event.stars ?? null;
  },
  call_missed(run) {
    run.values.missed_calls = (run.values.missed_calls ?? 0) + 1;
  },
  called_back(run, event) {
    Object.assign(run.values, { outcome: event.outcome, verdict: event.verdict, category: event.category });
  },
  imported(run, event) {
    Object.assign(run.values, { verdict: event.verdict, category: event.category ?? null });
    run.values.received_at = event.at;
    run.replies.push(event._id);
  },
};

/** An answer counts from any expert who was ever asked; everything else from the one asked now. */
function belongs(run: Run, event: EventDocument): boolean {
  if (event.kind === 'replied') return run.assigned.has(event.by);
  if (event.kind === 'asked' || event.kind === 'declined') return event.by === run.values.expert;
  return true;
}

function step(run: Run, event: EventDocument): void {
  const target = KINDS[event.kind]?.moves[run.state];
  if (target === undefined || !belongs(run, event)) {
    run.ignored.add(event._id);
    return;
  }
  SETTERS[event.kind]?.(run, event);
  if (STATES[target].closed && !STATES[run.state].closed) run.values.closed_at = event.at;
  if (target === 'reopened' && run.state !== 'reopened') {
    run.values.closed_at = null;
    run.values.triage_due = later(notBeforeReceipt(run, event.at), run.limits.triage_minutes);
    run.values.returned = true;
  }
  run.state = target;
  run.values.changed_at = event.at;
}

/** The limits that run now: only the one whose turn it is. */
function dues(run: Run): Pick<Consultation, 'triage_due' | 'reply_due' | 'callback_due'> {
  const { state, values } = run;
  const waitsForCall = values.closed_at && (state === 'solved' || state === 'adopted');
  return {
    triage_due: state === 'received' || state === 'reopened' ? (values.triage_due ?? null) : null,
    reply_due: state === 'assigned' ? (values.reply_due ?? null) : null,
    callback_due: waitsForCall
      ? later(notBeforeReceipt(run, values.closed_at!), run.limits.callback_days * 24 * 60)
      : null,
  };
}

function expertsOf(run: Run): string[] {
  const all = new Set(run.served);
  if (run.values.expert) all.add(run.values.expert);
  return [...all].sort();
}

/** Events sort by clock, then device, then id, so that every device folds in the same order. */
function eventOrder(a: EventDocument, b: EventDocument): number {
  const left = `${a.clock} ${a.device} ${a._id}`;
  const right = `${b.clock} ${b.device} ${b._id}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

const byId = (a: { _id: string }, b: { _id: string }) => (a._id < b._id ? -1 : a._id > b._id ? 1 : 0);

/**
 * The consultation that these documents tell of, or null where its demand is not among them.
 * Neither their order nor repetitions matter; documents of other types are passed over.
 */
export function fold(documents: Iterable<AnyDocument>, limits: Limits = DEFAULT_LIMITS): Consultation | null {
  const known = new Map<string, AnyDocument>();
  for (const document of documents) known.set(document._id, document);
  const all = [...known.values()];
  const ofType = <T extends AnyDocument>(type: T['type']) =>
    all.filter((each): each is T => each.type === type);
  const demand = ofType<DemandDocument>('demand')[0];
  if (!demand) return null;
  const thread = ofType<EventDocument>('event').sort(eventOrder);
  const run: Run = {
    limits,
    state: 'sent',
    ignored: new Set(),
    values: {},
    assigned: new Map(),
    served: new Set(),
    replies: [],
  };
  for (const event of thread) step(run, event);
  return {
    received_at: null,
    expert: null,
    expert_name: null,
    returned: false,
    missed_calls: 0,
    outcome: null,
    verdict: null,
    category: null,
    rating: null,
    closed_at: null,
    changed_at: null,
    ...run.values,
    id: nameOf(demand._id),
    demand,
    state: run.state,
    ...STATES[run.state],
    thread,
    ignored: run.ignored,
    experts: expertsOf(run),
    replies: run.replies,
    similar: ofType<SimilarDocument>('similar')[0] ?? null,
    contact: ofType<ContactDocument>('contact')[0] ?? null,
    media: ofType<MediaDocument>('media').sort(byId),
    ...dues(run),
  };
}
