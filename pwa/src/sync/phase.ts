/** What the sync line says of the crossing under way. */
import { signal } from '@preact/signals';

export const phase = signal<'idle' | 'text' | 'photos' | 'pull'>('idle');
/** Whether the last photos crossed slowly. */
export const weak = signal(false);

const TELLING_BYTES = 20_000;
const SLOW_BYTES_A_SECOND = 12_000;

/** Notes how fast `size` bytes crossed; a few hundred say nothing about the link. */
export function noteSpeed(size: number, seconds: number): void {
  if (size > TELLING_BYTES) weak.value = size / seconds < SLOW_BYTES_A_SECOND;
}
