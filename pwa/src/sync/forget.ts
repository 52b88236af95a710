/** What is no longer this person's to read: off the screen at once, in every tab, and out of the phone. */
import { unlearn } from '../store/library.ts';
import type { Database } from '../store/pouch.ts';
import { purge } from '../store/purge.ts';

let channel: BroadcastChannel | null = null;

export function openForgetting(db: Database): void {
  channel = new BroadcastChannel(`${db.name}-forgotten`);
  channel.onmessage = ({ data }: MessageEvent<string[]>) => unlearn(data);
}

export function closeForgetting(): void {
  channel?.close();
  channel = null;
}

export async function forget(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  unlearn(ids);
  channel?.postMessage([...ids]);
  await purge(db, ids);
}
