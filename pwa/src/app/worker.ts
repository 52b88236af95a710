/** Registers the service worker; asks before a new version takes over. */
import { t } from '../catalogue/catalogue.ts';
import { toast } from '../ui/toast.tsx';

export async function registerWorker(): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  const registration = await navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' });
  if (registration.waiting) offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    const first = registration.active === null;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && !first) offer(worker);
      if (worker.state === 'activated' && first) toast(t('app.ready_offline'));
    });
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void registration.update().catch(() => undefined);
  });
}

function offer(worker: ServiceWorker): void {
  const run = () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    worker.postMessage('use-new-version');
  };
  toast(t('app.new_version'), { label: t('app.use_new_version'), run });
}
