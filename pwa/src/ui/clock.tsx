import { Icon } from './icon.tsx';
import { timeLeft } from './when.ts';

/** How much time is left; says so in words, not by colour alone. */
export function Clock({ due, wholeMinutes }: { due: string; wholeMinutes: number }) {
  const { tone, text } = timeLeft(due, wholeMinutes);
  return (
    <span class={tone ? `clock clock--${tone}` : 'clock'}>
      <Icon name="clock" />
      {text}
    </span>
  );
}
