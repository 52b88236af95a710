/** A picture as small pieces, so that a broken link costs one piece (DESIGN.md, "Documents"). */
import { CHUNK_BYTES } from './workflow.ts';

/** Base64 of each piece of at most `size` bytes, in order. */
export function cut(bytes: Uint8Array, size: number = CHUNK_BYTES): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; from += size)
    pieces.push(encode(bytes.subarray(from, from + size)));
  return pieces;
}

/** The bytes that `cut` took apart. */
export function join(pieces: readonly string[]): Uint8Array<ArrayBuffer> {
  const decoded = pieces.map(decode);
  const whole = new Uint8Array(decoded.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of decoded) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function encode(bytes: Uint8Array): string {
  let text = '';
  // In steps: the arguments of one call are limited on old phones.
  for (let from = 0; from < bytes.length; from += 8192) {
    text += String.fromCharCode(...bytes.subarray(from, from + 8192));
  }
  return btoa(text);
}

function decode(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let n = 0; n < binary.length; n++) bytes[n] = binary.charCodeAt(n);
  return bytes;
}
