/** Says what was done, for a moment. Never an error: those stay where they can be read. */
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Message {
  text: string;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 4_000;
const message = signal<Message | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

export function toast(text: string, action?: Message['action']): void {
  clearTimeout(timer);
  message.value = { text, action };
  // What asks for a decision stays until it is made.
  if (!action) timer = setTimeout(() => (message.value = null), SHOWN_MS);
}

/** Never over a button: above the dock, and at the top while a sheet asks something. */
function aboveWhatIsPressed(): string {
  if (document.querySelector('.sheet')) return 'calc(100vh - 88px)';
  return `${(document.querySelector('.app__bottom')?.clientHeight ?? 0) + 16}px`;
}

export function Toast() {
  const shown = message.value;
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    box.current?.style.setProperty('bottom', aboveWhatIsPressed());
  }, [shown]);
  return (
    <div aria-live="polite">
      {shown ? (
        <div class={shown.action ? 'toast' : 'toast toast--told'} ref={box}>
          <span>{shown.text}</span>
          {shown.action ? (
            <button
              class="btn"
              onClick={() => {
                message.value = null;
                shown.action!.run();
              }}
            >
              {shown.action.label}
            </button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
