/** What a page says to the service worker. It never answers: who wants to know reads the spool. */

import type { Sitting } from "../types.js";

/** What there is to finish, and as whom. */
export interface Order {
  readonly server: string;
  readonly token: string;
  readonly sitting: Sitting;
}

/** From the page, when it goes away with something unsent. */
export interface ToServiceWorker {
  readonly kind: "handin-finish";
  readonly order: Order;
}

/** The tag of the browser's own reminder (Background Sync) where it has one. */
export const SYNC_TAG = "handin-finish";
