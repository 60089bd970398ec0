/** Loads the sitting and sets the clock with the same calls; tries again until it is told not to. */

import { RecorderError } from "../problems.js";
import type { ClockOffset, Problem, Sitting } from "../types.js";
import { bestOf, type RoundTrip, type ServerClock } from "./clock.js";
import { getSitting, type Server, type SittingAnswer } from "./sitting.js";

/** The first round trip also pays for the connection; the ones after it measure the line alone. */
const ROUNDS = 3;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * The sitting, with the clock set by the best of a few round trips.
 * @throws {@link RecorderError} when the first of them fails; a later one that fails leaves the clock less certain.
 */
export async function loadSitting(server: Server, clock: ServerClock): Promise<Sitting> {
  const [first, trip] = await roundTrip(server, clock);
  const trips = [trip];
  while (trips.length < ROUNDS) {
    const next = await roundTrip(server, clock).catch(() => null);
    if (!next) break;
    trips.push(next[1]);
  }
  const best = bestOf(trips);
  if (best) clock.set(best);
  return { ...first.sitting, clock: clock.offset() };
}

/** The server's clock minus the monotonic one, measured anew; `null` when the server does not answer. */
export async function measureClock(server: Server, clock: ServerClock): Promise<ClockOffset | null> {
  const trips: RoundTrip[] = [];
  while (trips.length < ROUNDS) {
    const next = await roundTrip(server, clock).catch(() => null);
    if (!next) break;
    trips.push(next[1]);
  }
  return bestOf(trips);
}

async function roundTrip(server: Server, clock: ServerClock): Promise<[SittingAnswer, RoundTrip]> {
  const sentMs = clock.mono();
  const answer = await getSitting(server);
  return [answer, { sentMs, receivedMs: clock.mono(), serverTime: answer.serverTime }];
}

/** How {@link untilLoaded} waits and whom it tells. */
export interface Patience {
  /** Resolves after so many milliseconds, or earlier when it is worth another try. */
  readonly pause: (ms: number) => Promise<void>;
  /** Hears of each failure; answers whether to try again. */
  readonly failed: (problem: Problem, passing: boolean) => boolean;
}

/** Loads the sitting, again and again while the failure may pass; `null` when it was told to give up. */
export async function untilLoaded(load: () => Promise<Sitting>, patience: Patience): Promise<Sitting | null> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await load();
    } catch (error) {
      if (!(error instanceof RecorderError)) throw error;
      if (!patience.failed(error.problem, mayPass(error.code))) return null;
    }
    await patience.pause(pauseMs);
  }
}

/** Whether waiting helps: the line and an overloaded server recover by themselves. */
function mayPass(code: string): boolean {
  return code === "server_unreachable" || code === "bad_answer" || code === "unavailable" || code === "internal" || code === "rate_limited";
}
