/** Names of documents. Types stand first, so that one range of ids is one type (DESIGN.md, "Documents"). */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A ULID: 10 characters of time, 16 of chance. */
export function ulid(
  now: number = Date.now(),
  random: Uint8Array = crypto.getRandomValues(new Uint8Array(16)),
): string {
  let time = '';
  for (let rest = Math.max(0, Math.floor(now)), n = 0; n < 10; n++, rest = Math.floor(rest / 32)) {
    time = ALPHABET[rest % 32] + time;
  }
  return time + Array.from(random, (byte) => ALPHABET[byte % 32]).join('');
}

export const demandId = (demand: string) => `demand:${demand}`;
export const contactId = (demand: string) => `contact:${demand}`;
export const mediaId = (media: string) => `media:${media}`;
export const chunkId = (media: string, n: number) => `chunk:${media}:${String(n).padStart(4, '0')}`;
export const feedbackId = (feedback: string) => `feedback:${feedback}`;
export const eventId = (demand: string, clock: string, device: string) =>
  `event:${demand}:${clock}:${device}`;

/** When a ULID was made, in milliseconds since 1970. */
export const momentOf = (name: string): number =>
  Array.from(name.slice(0, 10)).reduce((sum, letter) => sum * 32 + ALPHABET.indexOf(letter), 0);

/** The part before the first colon. */
export const typeOf = (id: string) => id.slice(0, id.indexOf(':'));
/** The part after the first colon. */
export const nameOf = (id: string) => id.slice(id.indexOf(':') + 1);
