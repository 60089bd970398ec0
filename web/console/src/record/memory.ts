/** What the page remembers: the language in this browser, the consent and the passed check in this tab. */

import type { Sitting } from "./recorder.js";

/** A storage, or nothing where the browser blocks site data. */
export type Keep = Pick<Storage, "getItem" | "setItem">;

/** What a candidate has done in this tab, so that a reload in the middle goes straight on. */
export type Done = "agreed" | "checked";

/** Keeps nothing: for browsers that block site data, where the mere mention of a storage throws. */
const NOTHING: Keep = { getItem: () => null, setItem: () => undefined };

/** The storage that `from` names, or one that keeps nothing. */
export function keepOf(from: () => Keep): Keep {
  try {
    return from();
  } catch {
    return NOTHING;
  }
}

/** Whether it was done for this sitting; another exam in the same tab asks again. */
export function isDone(keep: Keep, done: Done, sitting: Sitting): boolean {
  return keep.getItem(`handin.${done}`) === nameOf(sitting);
}

/** Remembers that it was done. */
export function remember(keep: Keep, done: Done, sitting: Sitting): void {
  keep.setItem(`handin.${done}`, nameOf(sitting));
}

function nameOf({ exam, subject, candidate }: Sitting): string {
  return `${exam.id}/${subject.id}/${candidate}`;
}
