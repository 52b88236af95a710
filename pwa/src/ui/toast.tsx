/** Says what was done, for a moment. Never an error: those stay where they can be read. */
import { signal } from '@preact/signals';

interface Message {
  text: string;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 3_000;
const message = signal<Message | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

export function toast(text: string, action?: Message['action']): void {
  clearTimeout(timer);
  message.value = { text, action };
  // What asks for a decision stays until it is made.
  if (!action) timer = setTimeout(() => (message.value = null), SHOWN_MS);
}

export function Toast() {
  const shown = message.value;
  return (
    <div aria-live="polite">
      {shown ? (
        <div class={shown.action ? 'toast' : 'toast toast--told'}>
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
