/** The page's side of the service worker: registers it, and tells it when the page goes away with something unsent. */

import { type Order, SYNC_TAG, type ToServiceWorker } from "./protocol.js";

/** Finishes what the page could not. */
export interface Finisher {
  /** Call it in `pagehide` while anything is unsent; it returns at once. */
  finishLater(order: Order): void;
}

/** A registration with Background Sync, which Chromium has and TypeScript's library does not know. */
type WithSync = ServiceWorkerRegistration & { readonly sync?: { register(tag: string): Promise<void> } };

/**
 * Registers the service worker. It needs no control over the page, so that any path on the page's origin is good.
 * @param url where the host serves `service-worker.js`
 * @returns `null` where the browser has none or refuses it; everything then waits until the page is opened again
 */
export async function registerFinisher(url: string | URL): Promise<Finisher | null> {
  if (!("serviceWorker" in navigator)) return null;
  try {
    const registration: WithSync = await navigator.serviceWorker.register(url, { type: "module" });
    return { finishLater: (order) => finishLater(registration, order) };
  } catch {
    return null;
  }
}

function finishLater(registration: WithSync, order: Order): void {
  registration.active?.postMessage({ kind: "handin-finish", order } satisfies ToServiceWorker);
  registration.sync?.register(SYNC_TAG).catch(() => undefined);
}
