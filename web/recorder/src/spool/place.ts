/** Where in this browser the spool of a sitting is: every candidate has a place of their own on a shared machine. */

import type { Clock } from "../clock.js";
import type { Sitting } from "../types.js";
import type { Disk } from "./disk.js";
import { openIndexedDb } from "./indexeddb.js";
import { openOpfs } from "./opfs.js";

/**
 * The name of a sitting's place, also of its locks: 64 hex digits that tell nobody who it is.
 * @param server the server's base URL; its origin counts
 */
export async function placeOf(server: string, { exam, subject, candidate }: Sitting): Promise<string> {
  const words = JSON.stringify([new URL(server).origin, exam.id, subject.id, candidate]);
  return hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(words)));
}

/**
 * The disk at a place: the private file system where this browser has one, else IndexedDB.
 * @param mode `read` is for scopes that cannot append durably, such as service workers
 */
export async function openDisk(place: string, mode: "read" | "write", clock: Clock): Promise<Disk> {
  return (await openOpfs(place, mode, clock)) ?? openIndexedDb(place);
}

/** Bytes as lower-case hex. */
export function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
