/**
 * The server's clock on this machine: one monotonic clock for all tracks, set by the best of a few round trips. Knows no
 * network: the round trips are handed in.
 *
 * The machine's own wall clock is never used for times, as a candidate or a time service may set it while it records.
 */

import type { ClockOffset } from "../types.js";

/** One look at the server's clock. */
export interface RoundTrip {
  /** Monotonic milliseconds when the request left. */
  readonly sentMs: number;
  /** Monotonic milliseconds when the answer was there. */
  readonly receivedMs: number;
  /** What the server said, in milliseconds since 1970. */
  readonly serverTime: number;
}

/** What this machine's clocks are read with. */
export interface Clocks {
  /** Milliseconds that never go back: `performance.now()`. */
  readonly mono: () => number;
  /** Milliseconds since 1970 as the machine believes: `Date.now()`. */
  readonly wall: () => number;
}

/**
 * The server's clock minus the monotonic one, by the shortest of these round trips: whatever the way there and back, the
 * answer was written between the two, so half of the round trip is the most that the middle can be wrong.
 */
export function bestOf(trips: readonly RoundTrip[]): ClockOffset | null {
  let best: ClockOffset | null = null;
  for (const { sentMs, receivedMs, serverTime } of trips) {
    const uncertaintyMs = (receivedMs - sentMs) / 2;
    if (best && best.uncertaintyMs <= uncertaintyMs) continue;
    best = { offsetMs: serverTime - (sentMs + receivedMs) / 2, uncertaintyMs };
  }
  return best;
}

/** The server's clock. */
export class ServerClock {
  #serverMinusMono: ClockOffset;

  /** Until it is {@link set}, it believes this machine. */
  constructor(readonly clocks: Clocks) {
    this.#serverMinusMono = { offsetMs: clocks.wall() - clocks.mono(), uncertaintyMs: Number.MAX_SAFE_INTEGER };
  }

  /** Takes what the server said: its clock minus the monotonic one. */
  set(serverMinusMono: ClockOffset): void {
    this.#serverMinusMono = serverMinusMono;
  }

  /** The server's time in milliseconds since 1970, at a reading of the monotonic clock. */
  at(monoMs: number): number {
    return monoMs + this.#serverMinusMono.offsetMs;
  }

  /** The server's time now, in milliseconds since 1970. */
  now(): number {
    return this.at(this.clocks.mono());
  }

  /** The monotonic clock now, in milliseconds. */
  mono(): number {
    return this.clocks.mono();
  }

  /** Where the monotonic clock stood still, as while a machine sleeps: it is behind by this much more, unless told better. */
  skip(ms: number): void {
    const { offsetMs, uncertaintyMs } = this.#serverMinusMono;
    this.#serverMinusMono = { offsetMs: offsetMs + ms, uncertaintyMs };
  }

  /** The server's clock minus the machine's wall clock, as the sitting shows it. */
  offset(): ClockOffset {
    const { uncertaintyMs } = this.#serverMinusMono;
    return { offsetMs: this.now() - this.clocks.wall(), uncertaintyMs };
  }
}
