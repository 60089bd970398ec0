/** How fast bytes may be sent, by the server's wish and for the sake of a live call. Pure. */

/** What the server asks of senders, on this machine's clock. */
export interface Pace {
  /** Send nothing before this moment. */
  readonly notBefore: number;
  /** At most this many parts in flight. */
  readonly parallel: number;
  /** Bytes in a second, all takes together; `null` is no limit. */
  readonly maxBytesPerS: number | null;
  /** How often it wants to hear of a take between its parts; `null` is as often as usual. */
  readonly heartbeatMs: number | null;
}

/** Nothing is asked. */
export const noPace: Pace = { notBefore: 0, parallel: Infinity, maxBytesPerS: null, heartbeatMs: null };

/** The most parts in flight from one candidate. */
export const MOST_PARALLEL = 2;

/** What may hold bytes back. */
export interface Limits {
  readonly pace: Pace;
  /** What a live call leaves, in bytes a second; `null` when there is none, 0 is a pause. */
  readonly call: number | null;
  readonly online: boolean;
}

/** What holds bytes back at this moment, as people are told. */
export type HeldBy = "nothing" | "server" | "call" | "offline";

/** The part that was begun last. */
export interface LastBegun {
  readonly at: number;
  readonly bytes: number;
}

/** How many parts may be in flight. A limited line carries one at a time: two would only halve each other. */
export function slots({ pace, call }: Limits): number {
  const limited = call !== null || pace.maxBytesPerS !== null;
  return Math.min(limited ? 1 : MOST_PARALLEL, pace.parallel);
}

/** The rate that is allowed, in bytes a second; infinite when nobody limits it. */
export function allowedRate({ pace, call }: Limits): number {
  return Math.min(pace.maxBytesPerS ?? Infinity, call ?? Infinity);
}

/**
 * When the next part may begin; infinite while nothing may. A part cannot be slowed once it is on its way (a store takes no
 * body of unknown length), so a limit on the rate is kept by the pause between two beginnings.
 */
export function nextStart(limits: Limits, last: LastBegun | null): number {
  const rate = allowedRate(limits);
  if (!limits.online || rate === 0) return Infinity;
  const spaced = last === null ? 0 : last.at + (last.bytes / rate) * 1000;
  return Math.max(limits.pace.notBefore, spaced);
}

/** Who is to blame that nothing begins now. */
export function heldBy(limits: Limits, last: LastBegun | null, now: number): HeldBy {
  if (!limits.online) return "offline";
  if (nextStart({ ...limits, pace: noPace }, last) > now) return "call";
  const { pace } = limits;
  return pace.parallel < 1 || nextStart({ ...limits, call: null }, last) > now ? "server" : "nothing";
}
