/** A sheet from below: asks one thing, and goes away by Escape, by the veil or by its quiet button. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface SheetProps {
  title: string;
  face?: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Sheet({ title, face, onClose, children }: SheetProps) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.querySelector<HTMLElement>('input, textarea, button')?.focus();
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') onClose();
      if (event.key === 'Tab') keepInside(event, box.current);
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
      before?.focus();
    };
  }, []);
  return (
    <>
      <div class="veil" onClick={onClose} />
      <section class="sheet" role="dialog" aria-modal="true" aria-label={title} ref={box}>
        <div class="sheet__head">
          {face ? <span class="face">{face}</span> : null}
          <h2>{title}</h2>
        </div>
        {children}
      </section>
    </>
  );
}

function keepInside(event: KeyboardEvent, box: HTMLElement | null): void {
  const all = box?.querySelectorAll<HTMLElement>('input, textarea, button, a[href]');
  if (!all?.length) return;
  const first = all[0]!;
  const last = all[all.length - 1]!;
  const here = document.activeElement;
  if (event.shiftKey ? here === first : here === last) {
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }
}
