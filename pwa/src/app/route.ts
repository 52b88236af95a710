/** Where the person is: the part of the address after `#`. Works offline and with the phone's back button. */
import { signal } from '@preact/signals';

export interface Route {
  path: string;
  query: URLSearchParams;
}

export const route = signal<Route>(read());
let steps = 0;

addEventListener('hashchange', () => {
  steps += 1;
  route.value = read();
  scrollTo(0, 0);
});

export function go(to: string): void {
  location.hash = to;
}

/** Goes there without a step to come back to. */
export function replace(to: string): void {
  history.replaceState(null, '', `#${to}`);
  route.value = read();
  scrollTo(0, 0);
}

/** One step back; where the application was opened right here, to `fallback`. */
export function back(fallback = '/'): void {
  if (steps > 0) {
    steps -= 2;
    history.back();
  } else {
    replace(fallback);
  }
}

function read(): Route {
  const [path = '/', query = ''] = (location.hash.slice(1) || '/').split('?');
  return { path: path || '/', query: new URLSearchParams(query) };
}
