/** Whether this browser keeps what is recorded: writes a file where the spool will be, reads it back, takes it away. */

import type { CheckCode } from "./report.js";

const NAME = "handin-rehearsal";
const SIZE = 1024 * 1024;

/** What the browser keeps, and how; `wanted` is how many bytes a whole recording would need without a line. */
export async function tryRoom(storage: StorageManager | undefined, wanted: number): Promise<CheckCode> {
  const kept = (await keepsFiles(storage)) || null;
  if (!kept && !(await keepsRecords())) return "room_none";
  const { quota, usage } = (await storage?.estimate?.().catch(() => null)) ?? {};
  if (quota !== undefined && quota - (usage ?? 0) < wanted) return "room_short";
  return kept ? "room_enough" : "room_slow";
}

/** Firefox asks the candidate, and waits for ever where the question is overlooked. */
const ASKED_MS = 8_000;

/** Whether the browser promises not to clear it. */
export async function tryPersistence(storage: StorageManager | undefined): Promise<CheckCode> {
  const overlooked = new Promise<boolean>((resolve) => setTimeout(resolve, ASKED_MS, false));
  const asked = storage?.persist?.().catch(() => false) ?? false;
  return (await Promise.race([asked, overlooked])) ? "persistent" : "not_persistent";
}

async function keepsFiles(storage: StorageManager | undefined): Promise<boolean> {
  try {
    const folder = await storage?.getDirectory?.();
    if (!folder) return false;
    const written = crypto.getRandomValues(new Uint8Array(65_536));
    const file = await folder.getFileHandle(NAME, { create: true });
    const stream = await file.createWritable();
    for (let at = 0; at < SIZE; at += written.length) await stream.write(written);
    await stream.close();
    const read = new Uint8Array(await (await file.getFile()).slice(-written.length).arrayBuffer());
    await folder.removeEntry(NAME);
    return read.every((byte, at) => byte === written[at]);
  } catch {
    return false;
  }
}

/** Firefox's private windows have no files but records. */
function keepsRecords(): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME);
      request.onerror = () => resolve(false);
      request.onsuccess = () => {
        request.result.close();
        indexedDB.deleteDatabase(NAME);
        resolve(true);
      };
    } catch {
      resolve(false);
    }
  });
}
