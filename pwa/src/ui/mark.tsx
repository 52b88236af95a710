/** The 田 mark: four fields that fill as a consultation moves (GUIDE.md, "One idea"). */
import { t } from '../catalogue/catalogue.ts';

const FRAME = 'M5 4h30a1 1 0 0 1 1 1v30a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM20 4v32M4 20h32';
const FIELDS = [
  [7, 7],
  [22, 7],
  [7, 22],
  [22, 22],
] as const;

interface MarkProps {
  step: number;
  /** The next field is gold: the person has to act. */
  yours?: boolean;
  tone?: 'local' | 'over' | 'wait';
  large?: boolean;
}

export function Mark({ step, yours = false, tone, large = false }: MarkProps) {
  const names = ['tian', tone && `tian--${tone}`, large && 'tian--l'].filter(Boolean).join(' ');
  const gold = yours && step < 4 ? step : -1;
  const label = t('mark.label', { step, name: t(`mark.step.${step}` as 'mark.step.0') });
  return (
    <svg class={names} viewBox="0 0 40 40" role="img" aria-label={label}>
      <path d={FRAME} />
      {FIELDS.map(([x, y], n) =>
        n < step || n === gold ? (
          <rect key={n} class={n === gold ? 'you' : 'on'} x={x} y={y} width="11" height="11" rx="1.5" />
        ) : null,
      )}
    </svg>
  );
}
