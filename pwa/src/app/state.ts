/** What several screens show of the same facts. */
import { computed, signal } from '@preact/signals';
import { worklist } from '../domain/grouping.ts';
import { newestFirst } from '../store/library.ts';
import { person } from '../store/session.ts';
import { reach } from '../sync/api.ts';
import { lastAgreed } from '../sync/loop.ts';
import { photoRun, waiting } from '../sync/outbox.ts';
import { phase, weak } from '../sync/phase.ts';
import { heldDemands, leftDemands, problems } from '../sync/quarantine.ts';
import { sentence } from '../sync/sentence.ts';
import { now } from '../ui/when.ts';

export const online = signal(navigator.onLine);
addEventListener('online', () => (online.value = true));
addEventListener('offline', () => (online.value = false));

/** Little room left on the phone for photos. */
export const storageLow = signal(false);
const ROOM_FOR_PHOTOS = 40 * 1024 * 1024;

export async function checkStorage(): Promise<void> {
  const { quota = Infinity, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  storageLow.value = quota - usage < ROOM_FOR_PHOTOS;
}

/** What was refused stands under 要您改一下 instead. */
export const shownConsultations = computed(() =>
  newestFirst.value.filter((each) => !heldDemands.value.has(each.id) || leftDemands.value.has(each.id)),
);

export const lists = computed(() => worklist(shownConsultations.value, person.value));
export const unsentCount = computed(() => waiting.value.length + problems.value.length);
export const toDo = computed(() => lists.value.todo.length);

export const currentSentence = computed(() =>
  sentence({
    reach: reach.value,
    online: online.value,
    phase: phase.value,
    weak: weak.value || slowNetwork(),
    waiting: waiting.value.length,
    waitingPhotos: waiting.value.filter((item) => item.kind === 'photo').length,
    photos: photoRun.value,
    problems: problems.value.length,
    storageLow: storageLow.value,
    expert: person.value?.role === 'expert',
    agreedMinutes:
      lastAgreed.value === null ? null : Math.max(0, Math.floor((now.value - lastAgreed.value) / 60_000)),
  }),
);

function slowNetwork(): boolean {
  const { connection } = navigator as { connection?: { effectiveType?: string } };
  return /2g/.test(connection?.effectiveType ?? '');
}
