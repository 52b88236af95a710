/** Requests to the server. Every one of them tells `reach` what it met, so that the sync line is honest. */
import { signal } from '@preact/signals';
import { endSession, session } from '../store/session.ts';

export type Reach = 'unknown' | 'ok' | 'offline' | 'server' | 'login' | 'password';

/** How the last request ended. */
export const reach = signal<Reach>('unknown');
/** When the server last answered, in milliseconds since 1970. */
export const lastAnswer = signal<number | null>(null);

/** An answer that says no. `reason` is a sentence for the person. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly reason: string,
    readonly body: Record<string, unknown>,
  ) {
    super(reason);
  }
}

/** No answer at all: no network, or none that reaches the county. */
export class NoAnswer extends Error {}

/** Find similar may be in repair while everything else works. */
const OPTIONAL = /\/api\/similar$/;

const DEADLINE_MS = 45_000;
const DEADLINE_SENDING_MS = 150_000;

/** `fetch` for PouchDB: with the device's token, a deadline, and an honest `reach`. */
export const syncFetch: typeof fetch = async (input, init = {}) => {
  const headers = new Headers(init.headers);
  const token = session.value?.token;
  if (token) headers.set('Authorization', `Bearer ${token}`);
  const response = await answered(input, { ...init, headers, credentials: 'omit' });
  if (response.status === 401) noteSessionOver();
  else if (response.status === 403 && token) await noteForbidden(response.clone());
  return response;
};

/** JSON in, JSON out. Throws Refusal or NoAnswer, or what `fetch` throws where `signal` ended it. */
export async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const token = session.value?.token;
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await answered(path, {
    method,
    headers,
    credentials: 'omit',
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (response.ok) return answer as T;
  if (response.status === 401 && path !== '/api/login') noteSessionOver();
  if (answer.error === 'password_change_required') reach.value = 'password';
  throw new Refusal(response.status, String(answer.error ?? ''), String(answer.reason ?? ''), answer);
}

/** A body on its way up, and the text that comes down, within one deadline. Throws NoAnswer. */
export async function post(
  path: string,
  body: BodyInit,
  headers: Record<string, string>,
  limit: number,
  signal?: AbortSignal,
): Promise<{ status: number; text: string }> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), limit);
  signal?.addEventListener('abort', () => deadline.abort());
  try {
    const response = await syncFetch(path, { method: 'POST', headers, body, signal: deadline.signal });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    if (signal?.aborted || error instanceof NoAnswer) throw error;
    reach.value = 'offline';
    throw new NoAnswer(String(error));
  } finally {
    clearTimeout(timer);
  }
}

async function answered(input: RequestInfo | URL, init: RequestInit): Promise<Response> {
  const deadline = new AbortController();
  const limit = init.method === 'POST' ? DEADLINE_SENDING_MS : DEADLINE_MS;
  const timer = setTimeout(() => deadline.abort(), limit);
  const given = init.signal;
  given?.addEventListener('abort', () => deadline.abort());
  try {
    const response = await fetch(input, { ...init, signal: deadline.signal });
    reach.value = response.status >= 500 && !OPTIONAL.test(String(input)) ? 'server' : 'ok';
    lastAnswer.value = Date.now();
    return response;
  } catch (error) {
    if (given?.aborted) throw error;
    reach.value = 'offline';
    throw new NoAnswer(String(error));
  } finally {
    clearTimeout(timer);
  }
}

function noteSessionOver(): void {
  reach.value = 'login';
}

async function noteForbidden(response: Response): Promise<void> {
  const answer = (await response.json().catch(() => ({}))) as { error?: string };
  if (answer.error === 'password_change_required') reach.value = 'password';
}

/** Tokens that were given up while there was no network: told to the server when there is one. */
export async function logOut(): Promise<void> {
  const request_ = request('POST', '/api/logout').catch(() => undefined);
  await Promise.race([request_, new Promise((resolve) => setTimeout(resolve, 3000))]);
  endSession();
}
