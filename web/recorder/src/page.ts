/** What a recorder wants of the page it runs in: thin calls of the browser, no decisions. */

import type { RecorderState } from "./types.js";

/** Keeps the browser asking "leave this page?" exactly while something is at risk. */
export class LeaveGuard {
  #isUp = false;

  /** A listener that does nothing would still keep the page out of the browser's back-and-forward cache. */
  set(isAtRisk: boolean): void {
    if (isAtRisk === this.#isUp) return;
    this.#isUp = isAtRisk;
    if (isAtRisk) addEventListener("beforeunload", warn);
    else removeEventListener("beforeunload", warn);
  }
}

/** The browser asks in its own words; the text is not ours to choose. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** How often a browser that calls itself offline is checked, in milliseconds. */
const DOUBT_MS = 15_000;

/**
 * Tells at once and then on every change whether the browser is online; returns what ends that. A browser that counts
 * network interfaces may call itself offline behind a tunnel: `reaches` tries the server then, again and again.
 */
export function watchOnline(changed: (online: boolean) => void, reaches: () => Promise<boolean>): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const doubt = async (): Promise<void> => {
    const reached = await reaches();
    if (timer !== undefined) changed(reached);
  };
  const end = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const look = (): void => {
    end();
    changed(navigator.onLine);
    if (navigator.onLine) return;
    timer = setInterval(() => void doubt(), DOUBT_MS);
    void doubt();
  };
  addEventListener("online", look);
  addEventListener("offline", look);
  look();
  return () => {
    end();
    removeEventListener("online", look);
    removeEventListener("offline", look);
  };
}

/** Whether anything answers at this address; what it answers does not matter. */
export async function reaches(url: string): Promise<boolean> {
  const asked = fetch(url, { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(DOUBT_MS / 2) });
  return asked.then(() => true, () => false);
}

/** Whether the browser has promised not to clear what it keeps; with `ask` it is asked to, in Firefox by asking the candidate. */
export async function isPersisted(ask: boolean): Promise<boolean> {
  const { storage } = navigator;
  const answer = ask ? storage?.persist?.() : storage?.persisted?.();
  return (await answer?.catch(() => false)) ?? false;
}

/** A pause that can be cut short. */
export class Pause {
  #end: () => void = () => undefined;

  /** Resolves after so many milliseconds, or with the next {@link hurry}. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the pause now. */
  hurry(): void {
    this.#end();
  }
}

/** Listeners of one recorder's state. */
export class Audience {
  readonly #listeners = new Set<(state: RecorderState) => void>();

  /** Calls with `now` at once and with every state that is told; returns what ends that. */
  add(listener: (state: RecorderState) => void, now: RecorderState): () => void {
    this.#listeners.add(listener);
    listener(now);
    return () => this.#listeners.delete(listener);
  }

  /** Tells every listener. */
  tell(state: RecorderState): void {
    for (const listener of this.#listeners) listener(state);
  }

  /** The next state of this kind, or the one now. */
  until(isThere: (state: RecorderState) => boolean, now: RecorderState): Promise<RecorderState> {
    if (isThere(now)) return Promise.resolve(now);
    return new Promise((resolve) => {
      const look = (state: RecorderState): void => {
        if (isThere(state) && this.#listeners.delete(look)) resolve(state);
      };
      this.#listeners.add(look);
    });
  }

  /** Forgets them all. */
  clear(): void {
    this.#listeners.clear();
  }
}
