/**
 * Notices that the machine slept or that the browser froze the page: a timer that comes late, and a wall clock that ran
 * ahead of the monotonic one. The judgement is pure; the adapter below it only reads clocks.
 */

import type { Clocks } from "../sitting/clock.js";

/** Both clocks at one moment, in milliseconds. */
export interface Tick {
  readonly monoMs: number;
  readonly wallMs: number;
}

/** A time in which nothing ran here. */
export interface Lapse {
  readonly reason: "asleep" | "frozen";
  /** The last reading of the monotonic clock before it. */
  readonly fromMono: number;
  /** By how much the monotonic clock stood still, going by the wall clock; 0 where it ran on. */
  readonly skippedMs: number;
}

const TICK_MS = 1_000;
/** A busy machine is late by seconds; a timer that is later than this did not run at all. */
const LATE_MS = 10_000;
/** Time services move a clock by less than this; sleeping takes longer. */
const JUMP_MS = 3_000;

/**
 * What lies between two ticks. While a machine sleeps, Chromium's and Firefox's monotonic clocks stand still on Linux and
 * macOS and run on on Windows: then one of the two signs is there, seldom both.
 */
export function lapse(before: Tick, now: Tick, froze: boolean): Lapse | null {
  const passedMs = now.monoMs - before.monoMs;
  const skippedMs = now.wallMs - before.wallMs - passedMs;
  const slept = skippedMs > JUMP_MS;
  if (!slept && !froze && passedMs < TICK_MS + LATE_MS) return null;
  return { reason: froze && !slept ? "frozen" : "asleep", fromMono: before.monoMs, skippedMs: slept ? skippedMs : 0 };
}

/** Watches until the returned function is called; tells of every lapse as soon as it is over. */
export function watchLife(clocks: Clocks, page: Document, lapsed: (lapse: Lapse) => void): () => void {
  let last: Tick = { monoMs: clocks.mono(), wallMs: clocks.wall() };
  let froze = false;
  const look = (): void => {
    const now = { monoMs: clocks.mono(), wallMs: clocks.wall() };
    const found = lapse(last, now, froze);
    last = now;
    froze = false;
    if (found) lapsed(found);
  };
  const freezes = (): void => {
    look();
    froze = true;
  };
  const timer = setInterval(look, TICK_MS);
  // Only Chromium has these two; elsewhere the late timer tells.
  page.addEventListener("freeze", freezes);
  page.addEventListener("resume", look);
  return () => {
    clearInterval(timer);
    page.removeEventListener("freeze", freezes);
    page.removeEventListener("resume", look);
  };
}
