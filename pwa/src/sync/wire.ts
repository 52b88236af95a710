/** One exchange over HTTP: gzip both ways where the browser can, and a deadline. */
import type { Answer, Message } from '../domain/exchange.ts';
import { post } from './api.ts';

/** The server has no exchange: older, or somebody else's. Replication is left. */
export class NotOffered extends Error {}

const ABSENT = [404, 405, 501];
const WORTH_FOLDING = 200;
const DEADLINE_S = 150;
const LISTENING_GRACE_S = 30;

export interface Crossing {
  answer: Answer;
  seconds: number;
  /** Characters of JSON, up and down. */
  size: number;
}

/** Throws NotOffered, Refusal or NoAnswer. */
export async function exchange(message: Message, signal?: AbortSignal): Promise<Crossing> {
  const text = JSON.stringify(message);
  const [body, encoding] = await folded(text);
  const headers = { 'Content-Type': 'application/json', ...encoding };
  const limit = message.w === undefined ? DEADLINE_S : message.w + LISTENING_GRACE_S;
  const started = performance.now();
  const { status, text: answer } = await post('/sync/exchange', body, headers, limit * 1000, signal);
  if (ABSENT.includes(status)) throw new NotOffered(String(status));
  if (status !== 200) throw new Error(`the exchange was answered ${status}`);
  const seconds = (performance.now() - started) / 1000;
  return { answer: JSON.parse(answer) as Answer, seconds, size: text.length + answer.length };
}

async function folded(text: string): Promise<[BodyInit, Record<string, string>]> {
  if (text.length < WORTH_FOLDING || typeof CompressionStream === 'undefined') return [text, {}];
  const folding = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return [await new Response(folding).arrayBuffer(), { 'Content-Encoding': 'gzip' }];
}
