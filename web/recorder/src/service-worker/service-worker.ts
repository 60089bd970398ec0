/**
 * The service worker: finishes the last parts after the tab is closed. It answers no requests of pages.
 *
 * Hosts serve it as a module of their own; the page registers it with `register.ts`.
 */

import { browserClock } from "../clock.js";
import { placeOf } from "../spool/place.js";
import { finish } from "./finish.js";
import { forgetOrder, noteOrder, orders } from "./orders.js";
import { type Order, SYNC_TAG, type ToServiceWorker } from "./protocol.js";

/** An event that keeps the service worker alive. */
interface Extendable extends Event {
  waitUntil(done: Promise<unknown>): void;
}

/** The part of a service worker's scope that is used; TypeScript's library for pages has none of it. */
declare const self: EventTarget & {
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  fetch: typeof fetch;
};

self.addEventListener("install", (event) => (event as Extendable).waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => (event as Extendable).waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<ToServiceWorker | undefined>;
  if (data?.kind === "handin-finish") (event as unknown as Extendable).waitUntil(noteAndFinish(data.order));
});

self.addEventListener("sync", (event) => {
  if ((event as Event & { tag: string }).tag === SYNC_TAG) (event as Extendable).waitUntil(finishAll());
});

async function noteAndFinish(order: Order): Promise<void> {
  const place = await placeOf(order.server, order.sitting);
  // A browser that cannot note it can still finish it now.
  await noteOrder(place, order).catch(() => undefined);
  await finishOne(order);
}

async function finishAll(): Promise<void> {
  const finished = await Promise.all((await orders()).map(finishOne));
  // The browser wakes us again later when this fails.
  if (finished.includes(false)) throw new Error("not everything is finished yet");
}

async function finishOne(order: Order): Promise<boolean> {
  const finished = await finish(order, { clock: browserClock, fetch: self.fetch.bind(self), random: Math.random });
  if (finished) await forgetOrder(await placeOf(order.server, order.sitting)).catch(() => undefined);
  return finished;
}
