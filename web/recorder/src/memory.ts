/** Remembers, per sitting and browser, that the candidate stopped: a page that opens later must not take it for a crash. */

import type { Sitting } from "./types.js";

/** Remembers or forgets it. */
export function rememberStop(storage: () => Storage, sitting: Sitting, stopped: boolean): void {
  quietly(() => (stopped ? storage().setItem(key(sitting), "1") : storage().removeItem(key(sitting))));
}

/** Whether it was stopped; `false` when the browser keeps nothing. */
export function wasStopped(storage: () => Storage, sitting: Sitting): boolean {
  return quietly(() => storage().getItem(key(sitting)) !== null) ?? false;
}

function key({ exam, subject, candidate }: Sitting): string {
  return `handin:stopped:${exam.id}/${subject.id}/${candidate}`;
}

/** A browser that blocks site data throws at the mere mention of the storage. */
function quietly<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
