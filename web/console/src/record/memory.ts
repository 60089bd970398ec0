/** What the page remembers: the language in this browser, the consent and the passed check in this tab. */

import type { Sitting } from "./recorder.js";

/** A storage, or nothing where the browser blocks site data. */
export type Keep = Pick<Storage, "getItem" | "setItem">;

/** What a candidate has done in this tab, so that a reload in the middle goes straight on. */
export type Done = "agreed" | "checked";

/**
 * The storage that `from` names, made harmless: a browser that blocks site data throws at the mere mention of one, and a
 * full disk throws at every word. Forgetting costs the candidate a click; failing would cost the recording.
 */
export function keepOf(from: () => Keep): Keep {
  const quietly = <T>(work: (keep: Keep) => T, otherwise: T): T => {
    try {
      return work(from());
    } catch {
      return otherwise;
    }
  };
  return {
    getItem: (key) => quietly((keep) => keep.getItem(key), null),
    setItem: (key, value) => quietly((keep) => keep.setItem(key, value), undefined),
  };
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
