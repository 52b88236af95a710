/** How the screen looks on this phone: size of text, theme, language. */
import { effect, signal } from '@preact/signals';
import { keep, kept } from './kept.ts';

export type TextSize = 'm' | 'l' | 'xl';
export type Theme = 'light' | 'sun' | 'dark';
export type Language = 'zh-CN' | 'en';

export const textSize = signal<TextSize>(kept<TextSize>('text', 'm'));
export const theme = signal<Theme>(kept<Theme>('theme', 'light'));
export const language = signal<Language>(kept<Language>('language', 'zh-CN'));

/** Puts the settings on the page and keeps them when they change. */
export function applySettings(root: HTMLElement): void {
  effect(() => {
    root.dataset.theme = theme.value;
    keep('theme', theme.value);
  });
  effect(() => {
    if (textSize.value === 'm') delete root.dataset.text;
    else root.dataset.text = textSize.value;
    keep('text', textSize.value);
  });
  effect(() => {
    root.lang = language.value;
    keep('language', language.value);
  });
}
