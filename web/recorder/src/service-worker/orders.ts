/**
 * The orders of the service worker in IndexedDB, so that a browser that wakes it again later (Background Sync) finds
 * them. An order holds a token: it stands there only while its sitting is unfinished.
 */

import { settled } from "../spool/indexeddb.js";
import type { Order } from "./protocol.js";

const DATABASE = "handin-orders";
const ORDERS = "orders";

/** Notes an order; a later one for the same place replaces it. */
export async function noteOrder(place: string, order: Order): Promise<void> {
  await settled((await store("readwrite")).put(order, place));
}

/** Forgets the order for a place. */
export async function forgetOrder(place: string): Promise<void> {
  await settled((await store("readwrite")).delete(place));
}

/** Every order there is. */
export async function orders(): Promise<Order[]> {
  return (await settled((await store("readonly")).getAll())) as Order[];
}

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(ORDERS);
  return (await settled(request)).transaction(ORDERS, mode).objectStore(ORDERS);
}
