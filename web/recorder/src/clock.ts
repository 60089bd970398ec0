/** Time as everything here takes it: given from outside, so that tests turn it by hand. */

/** A clock in milliseconds since 1970 on this machine. */
export interface Clock {
  now(): number;
  /** Calls back once after so many milliseconds; the answer calls it off. */
  after(ms: number, call: () => void): () => void;
  /** Resolves after so many milliseconds. */
  pause(ms: number): Promise<void>;
}

/** The browser's own clock. */
export const browserClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
