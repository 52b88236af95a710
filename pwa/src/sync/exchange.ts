/**
 * The phone's road: each request brings what waits here and fetches what is new there (docs/sync.md, "The
 * exchange"). What must survive a loss of power is kept in the order in which it is said: first what was
 * refused, then what arrived, then what came, and last where the phone stands.
 */
import type { AnyDocument } from '../contract/types.ts';
import type { Fingerprint } from '../domain/digest.ts';
import { fingerprint, parseMarks } from '../domain/digest.ts';
import {
  BEGINNING,
  follow,
  lost,
  placeIn,
  type Answer,
  type Message,
  type Place,
} from '../domain/exchange.ts';
import { typeOf } from '../domain/ids.ts';
import { AFTER_CUT, FIRST_LOAD, nextLoad } from '../domain/link.ts';
import { readNote, writeNote, type Database } from '../store/pouch.ts';
import { forget } from './forget.ts';
import * as outbox from './outbox.ts';
import { noteSpeed, phase } from './phase.ts';
import { note, refusedIds, type Quarantined } from './quarantine.ts';
import { exchange } from './wire.ts';

const NOTE = 'exchange';
const ASKED_AT_ONCE = 500;
const BROUGHT_AGAIN = 20;

interface Crossed {
  answer: Answer;
  /** Whether the server has more to tell. */
  more: boolean;
}

export class Exchange {
  private place: Place | null = null;
  private load = FIRST_LOAD;
  /** Whether pieces of pictures may have arrived although no answer said so. */
  private uncertain = true;

  constructor(private readonly local: Database) {}

  /** Until nothing waits and nothing is new. Answers come before photos go. */
  async round(): Promise<void> {
    let more = true;
    for (;;) {
      const waiting = await outbox.batch(this.load.pieces);
      const photos = waiting.length > 0 && waiting.every((each) => each.type === 'chunk');
      if (waiting.length === 0 && !more) break;
      if (photos && (more || this.uncertain)) {
        phase.value = 'pull';
        ({ more } = await this.cross(await this.asked()));
        continue;
      }
      phase.value = photos ? 'photos' : waiting.length ? 'text' : 'pull';
      ({ more } = await this.cross(waiting.length ? { d: waiting } : {}));
    }
    phase.value = 'idle';
  }

  /** Waits for news and takes it in; whether there is more to do. */
  async listen(seconds: number, signal: AbortSignal): Promise<boolean> {
    const { more } = await this.cross({ w: seconds }, signal);
    return more;
  }

  /** Sends documents that were refused once; the ids of those that are stored now. */
  async bring(documents: AnyDocument[]): Promise<Set<string>> {
    const { answer } = await this.cross({ d: documents });
    const refused = new Set((answer.f ?? []).map(([id]) => id));
    return new Set(documents.map((each) => each._id).filter((id) => !refused.has(id)));
  }

  private async cross(part: Message, signal?: AbortSignal): Promise<Crossed> {
    const message = { b: this.load.budget, ...part, ...(await this.standing()) };
    try {
      const { answer, seconds, size } = await exchange(message, signal);
      if (message.w === undefined) {
        noteSpeed(size, seconds);
        this.load = nextLoad(this.load, seconds, { up: isPieces(message.d), down: answer.n === 1 });
      }
      if (message.q) this.uncertain = false;
      return { answer, more: await this.take(message, answer) };
    } catch (error) {
      if (!signal?.aborted) {
        this.load = AFTER_CUT;
        if (isPieces(message.d)) this.uncertain = true;
      }
      throw error;
    }
  }

  private async standing(): Promise<Message> {
    this.place ??= { ...BEGINNING, ...(await readNote<Partial<Place>>(this.local, NOTE, {})) };
    if (this.place.since === null && !this.place.comparing) this.place = lost((await this.marks()).size);
    const marks = this.place.comparing ? [...(await this.marks()).keys()] : [];
    const [place, message] = placeIn(this.place, marks);
    this.place = place;
    return message;
  }

  private async asked(): Promise<Message> {
    if (!this.uncertain) return {};
    const pieces = Object.entries(await outbox.revisions()).filter(([id]) => typeOf(id) === 'chunk');
    const q = pieces.slice(0, ASKED_AT_ONCE).map(([id, [rev]]): [string, string] => [id, rev!]);
    return q.length ? { q } : {};
  }

  /** Whether there is more to do at once. */
  private async take(message: Message, answer: Answer): Promise<boolean> {
    if (answer.f?.length) await note(answer.f.map((row) => quarantined(row, message.d ?? [])));
    const arrived = [...(message.d ?? []).map((each) => each._id), ...(answer.h ?? [])];
    if (arrived.length) await outbox.confirm(arrived);
    if (answer.x?.length) await this.forget(answer.x);
    if (answer.d?.length) await this.store(answer.d);
    if (answer.u) await this.reconcile(parseMarks(answer.u));
    const before = this.place!;
    this.place = answer.o ? lost((await this.marks()).size) : follow(before, message, answer);
    if (this.place.since !== before.since) await writeNote(this.local, NOTE, { since: this.place.since });
    return Boolean(answer.n ?? answer.o) || this.place.comparing !== null;
  }

  /** Work that nobody acknowledged stays, whatever became of what it belongs to. */
  private async forget(ids: string[]): Promise<void> {
    await forget(
      this.local,
      ids.filter((id) => !outbox.isWaiting(id)),
    );
  }

  private async store(documents: AnyDocument[]): Promise<void> {
    const rows = await this.local.bulkDocs(documents, { new_edits: false });
    const failed = rows.find((row) => row.error);
    if (failed) throw new Error(failed.reason ?? 'the phone could not store what came');
  }

  /**
   * What the county does not have: own documents are brought again (it may have been restored from a backup; those
   * that are no longer this person's come back as to be forgotten), others are no longer this person's to read.
   */
  private async reconcile(unknown: Fingerprint[]): Promise<void> {
    const marks = await this.marks();
    const ids = [...new Set(unknown.flatMap((mark) => marks.get(mark) ?? []))];
    const own = await outbox.own(ids);
    const others = new Set(ids);
    for (const each of own) others.delete(each._id);
    await this.forget([...others]);
    for (let from = 0; from < own.length; from += BROUGHT_AGAIN) {
      const d = own.slice(from, from + BROUGHT_AGAIN);
      const { answer } = await exchange({ b: 0, d, s: this.place?.comparing?.place ?? '0' });
      if (answer.f?.length) await note(answer.f.map((row) => quarantined(row, d)));
      if (answer.x?.length) await this.forget(answer.x);
    }
  }

  /** Fingerprints of all that is here and not only here, with the ids. */
  private async marks(): Promise<Map<Fingerprint, string>> {
    const refused = refusedIds();
    const { results } = await this.local.changes<AnyDocument>({ since: 0, style: 'all_docs' });
    const marks = new Map<Fingerprint, string>();
    for (const { id, changes } of results) {
      if (outbox.isWaiting(id) || refused.has(id)) continue;
      for (const { rev } of changes) marks.set(fingerprint(id, rev), id);
    }
    return marks;
  }
}

const isPieces = (documents: AnyDocument[] | undefined) => documents?.[0]?.type === 'chunk';

function quarantined(row: NonNullable<Answer['f']>[number], sent: AnyDocument[]): Quarantined {
  const [id, error, reason, receipt, code] = row;
  const body = typeOf(id) === 'chunk' ? undefined : sent.find((each) => each._id === id);
  const at = new Date().toISOString();
  return { receipt: receipt ?? '', id, code: code ?? error, reason, at, state: 'held', body };
}
