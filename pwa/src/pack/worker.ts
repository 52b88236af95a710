/**
 * The pack's own thread: fetches, unpacks, computes vectors and ranks, so that typing stays smooth. One for each
 * tab; only one of them fetches at a time, and the others are told.
 */
import { PackBroken } from './container.ts';
import { Cut, lengthOf, Refused } from './download.ts';
import { exclusively } from './exclusive.ts';
import type { Held, Meta } from './held.ts';
import { Disk, NoRoom } from './keep.ts';
import type { Ending, FromWorker, ToWorker } from './messages.ts';
import { Ranking } from './rank.ts';
import { own, update } from './update.ts';

const NAME = 'tianwen-pack';

const others = new BroadcastChannel(NAME);
const disk = Disk.open();
let county = '';
let ranking: Promise<Ranking | null> | null = null;
let running: AbortController | null = null;

const say = (message: FromWorker) => postMessage(message);
/** Lets questions in between two steps of long work. */
const rest = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

self.onmessage = ({ data }: MessageEvent<ToWorker>) => void take(data);
others.onmessage = ({ data }: MessageEvent<Ending>) => void read(data === 'changed');

async function take(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'open':
      county = message.county;
      running?.abort();
      await read(true);
      return showUnderway();
    case 'warm':
      return void (await ranked().catch(() => null));
    case 'ask':
      return answer(message.n, message);
    case 'update':
      return bringUpToDate(message.token);
    case 'pause':
      running?.abort();
  }
}

/** Looks what the disk holds for this county, and says it; `anew`: it may be another pack. */
async function read(anew: boolean): Promise<void> {
  if (anew) ranking = null;
  const asked = county;
  let meta: Meta | null = null;
  try {
    meta = await own(await disk, asked);
  } catch {
    // A phone that keeps nothing finds nothing offline; everything else works.
  }
  if (asked === county) say({ kind: 'held', county: asked, meta });
}

/** How far an earlier download came: it goes on from there. */
async function showUnderway(): Promise<void> {
  const begun = await disk.then((keep) => keep.underway()).catch(() => null);
  if (begun && !running) say({ kind: 'progress', done: lengthOf(begun), total: begun.head.total });
}

async function answer(n: number, { question }: Extract<ToWorker, { kind: 'ask' }>): Promise<void> {
  const engine = await ranked().catch(() => null);
  say({ kind: 'answer', n, similar: engine ? engine.similar(question) : null });
}

function ranked(): Promise<Ranking | null> {
  ranking ??= made();
  return ranking;
}

async function made(): Promise<Ranking | null> {
  const asked = county;
  const held = await (await disk).held();
  return held && held.meta.county === asked ? new Ranking(held) : null;
}

async function bringUpToDate(token: string): Promise<void> {
  // The last one is still winding up: the page tries again in a moment.
  if (running) return say({ kind: 'over', ending: 'cut', status: 0 });
  const mine = (running = new AbortController());
  const asked = county;
  const fetch_ = fetch.bind(self);
  const report = (done: number, total: number) => say({ kind: 'progress', done, total });
  let status = 0;
  let ending: Ending = 'busy';
  let changed: Held | null = null;
  try {
    await exclusively(NAME, async () => {
      ending = 'same';
      changed = await update(await disk, asked, { fetch: fetch_, token, signal: mine.signal, report }, rest);
      if (changed) ending = 'changed';
    });
  } catch (error) {
    [ending, status] = endingOf(error);
  }
  running = null;
  if (asked !== county) return;
  if (ending === 'changed' || ending === 'same') {
    others.postMessage(ending);
    await read(ending === 'changed');
  }
  say({ kind: 'over', ending, status });
}

function endingOf(error: unknown): [Ending, number] {
  if (error instanceof Refused) return ['refused', error.status];
  if (error instanceof PackBroken) return ['broken', 0];
  if (error instanceof NoRoom) return ['no_room', 0];
  if (error instanceof Cut) return ['cut', 0];
  return ['unable', 0];
}
