/** Moments and spans as people say them, in the phone's own time zone. */
import { signal } from '@preact/signals';
import { t } from '../catalogue/catalogue.ts';

/** Ticks twice a minute, so that clocks on the screen move. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 30_000);

const MINUTE = 60_000;

export function clockTime(iso: string): string {
  const moment = new Date(iso);
  return `${moment.getHours()}:${String(moment.getMinutes()).padStart(2, '0')}`;
}

/** For lists: 刚刚, 8:52, 昨天, 6月3日, 2023年6月3日. */
export function whenShort(iso: string): string {
  const age = now.value - Date.parse(iso);
  if (age >= 0 && age < 2 * MINUTE) return t('when.just_now');
  const days = daysAgo(iso);
  if (days === 0) return clockTime(iso);
  if (days === 1) return t('when.yesterday');
  return day(iso);
}

/** For threads: 8:40, 昨天 8:40, 6月12日 8:40. */
export function whenLong(iso: string): string {
  const days = daysAgo(iso);
  if (days === 0) return clockTime(iso);
  return `${days === 1 ? t('when.yesterday') : day(iso)} ${clockTime(iso)}`;
}

export function day(iso: string): string {
  const moment = new Date(iso);
  const values = { year: moment.getFullYear(), month: moment.getMonth() + 1, day: moment.getDate() };
  return values.year === new Date(now.value).getFullYear()
    ? t('when.day', values)
    : t('when.day_year', values);
}

function daysAgo(iso: string): number {
  const start = (moment: Date) =>
    new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
  return Math.round((start(new Date(now.value)) - start(new Date(iso))) / (24 * 60 * MINUTE));
}

export interface TimeLeft {
  tone: '' | 'soon' | 'over';
  text: string;
}

/** How much of a time limit is left: gold in its last quarter, red when it is over. */
export function timeLeft(due: string, wholeMinutes: number): TimeLeft {
  const minutes = Math.round((Date.parse(due) - now.value) / MINUTE);
  if (minutes < 0) return { tone: 'over', text: t('when.over', { span: span(-minutes) }) };
  return { tone: minutes < wholeMinutes / 4 ? 'soon' : '', text: t('when.left', { span: span(minutes) }) };
}

function span(minutes: number): string {
  if (minutes < 60) return t('when.minutes', { minutes });
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return t('when.days', { days: Math.floor(hours / 24) });
  return minutes % 60
    ? t('when.hours_minutes', { hours, minutes: minutes % 60 })
    : t('when.hours', { hours });
}
