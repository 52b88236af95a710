/// <reference lib="webworker" />
/** Keeps the application's shell on the phone. Documents are PouchDB's business, never this file's. */
import { clientsClaim } from 'workbox-core';
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

// The server answers these itself: they are other pages or no pages at all.
const NOT_THE_SHELL = [/^\/(api|sync|console|static|metrics|healthz)(\/|$)/];

cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST);
registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: NOT_THE_SHELL }));

// A new version waits until the person agrees: a reload in the middle of a sentence is rude.
self.addEventListener('message', (event) => {
  if (event.data === 'use-new-version') void self.skipWaiting();
});
clientsClaim();
