/** Every sentence that people read comes from here. Chinese is complete; English has the same keys (a test). */
import { effect, signal } from '@preact/signals';
import { language } from '../store/settings.ts';
import { zh } from './zh-CN.ts';

export type Key = keyof typeof zh;
export type Catalogue = Record<Key, string>;
type Values = Record<string, string | number>;

const current = signal<Catalogue>(zh);

/** The sentence of this key, its {values} filled in. */
export function t(key: Key, values: Values = {}): string {
  return fill(current.value[key], values);
}

/** For keys that are put together at run time; empty for none. */
export function tMaybe(key: string | undefined, values: Values = {}): string {
  return key && key in current.value ? t(key as Key, values) : '';
}

/** Fetches the chosen language; Chinese is always there. */
export async function loadLanguage(): Promise<void> {
  if (language.value === 'en') current.value = (await import('./en.ts')).en;
  let before = language.value;
  effect(() => {
    if (language.value === before) return;
    before = language.value;
    if (before === 'en') void import('./en.ts').then(({ en }) => (current.value = en));
    else current.value = zh;
  });
}

export function fill(sentence: string, values: Values): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
