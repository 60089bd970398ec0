/**
 * How fast uploads may go beside a live call: looks at one sample of the call after the other and answers a limit. Pure;
 * knows neither the call nor the uploads.
 *
 * A part leaves at the speed of the line, whatever the limit: only the pause before the next one can be chosen. So a line
 * that bears parts is left free soon, and one on which they do harm may carry them for a small share of the time. While
 * the call suffers nothing is sent at all.
 */

/** The call at one moment, as far as the browser says. */
export interface CallSample {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  readonly roundTripMs: number | null;
  /** Share of our packets that did not arrive, 0 to 1. */
  readonly lost: number | null;
  readonly jitterMs: number | null;
  /** What the browser believes the line takes, in bits per second. */
  readonly availableBitsPerS: number | null;
}

/** What the pacer remembers. */
export interface Pace {
  /** Bytes per second; 0 is a pause, `null` no limit. */
  readonly limit: number | null;
  readonly usual: { readonly roundTripMs: number | null; readonly jitterMs: number | null; readonly availableBitsPerS: number | null };
  /** The share of the time for which parts may be on their way, 0 to 1; `null` while none did harm. */
  readonly share: number | null;
  /** When the call was last not well; `null` if it always was. */
  readonly harmedAtMs: number | null;
  /** When the limit may rise again; `null` before the first sample. */
  readonly holdUntilMs: number | null;
}

const KIB = 1024;
/** Bytes per second: half of what a webcam and a screen record, so that a line that bears it falls behind only slowly. */
const FIRST = 48 * KIB;
/** Above this the line has room for everything. */
const MOST = 4096 * KIB;
/** What a line is taken for that was never measured, in bytes per second. */
const UNKNOWN_LINE = 256 * KIB;
const RISE = 1.5;
const RISE_EVERY_MS = 2_000;
/** A call's own rate control needs some seconds to come back. */
const HOLD_MS = 5_000;
/** A call that is disturbed for a twentieth of the time is a good one; a line of 20 Mbit/s carries a webcam and a screen in it. */
const SHARE = 1 / 20;
/** A line that bears parts for half of the time needs no limit. */
const FREE_SHARE = 1 / 2;
/** After so long without harm the share grows: a line may have become another one. */
const FORGIVE_MS = 120_000;

/** Before the first sample. */
export const FIRST_PACE: Pace = {
  limit: FIRST,
  usual: { roundTripMs: null, jitterMs: null, availableBitsPerS: null },
  share: null,
  harmedAtMs: null,
  holdUntilMs: null,
};

/** How the call is. */
export type Health = "well" | "worse" | "suffering";

/** The pace after this sample; `lineBytesPerS` is the speed at which the last parts left, `null` before the first. */
export function pace(before: Pace, sample: CallSample, lineBytesPerS: number | null): Pace {
  // The first seconds show how the call is when next to nothing is sent beside it.
  const holdUntilMs = before.holdUntilMs ?? sample.atMs + HOLD_MS;
  const now = { ...before, holdUntilMs, usual: learn(before.usual, sample) };
  const health = healthOf(sample, now.usual);
  const line = lineBytesPerS ?? UNKNOWN_LINE;
  return health === "well" ? rise(now, sample.atMs, line) : fall(now, sample.atMs, line, health);
}

/** How the call is, beside how it usually is. */
export function healthOf(sample: CallSample, usual: Pace["usual"]): Health {
  const { lost, roundTripMs, jitterMs, availableBitsPerS } = sample;
  // 2 % of lost packets is where speech begins to be repaired audibly, 5 % where WebRTC's own control backs off hard.
  const loss = lost ?? 0;
  const late = (roundTripMs ?? 0) - (usual.roundTripMs ?? roundTripMs ?? 0);
  const share = (availableBitsPerS ?? 1) / (usual.availableBitsPerS ?? availableBitsPerS ?? 1);
  if (loss > 0.05 || late > 250 || share < 0.5) return "suffering";
  const uneven = (jitterMs ?? 0) - 2 * (usual.jitterMs ?? jitterMs ?? 0);
  return loss > 0.02 || late > 60 || share < 0.75 || uneven > 20 ? "worse" : "well";
}

function fall(now: Pace, atMs: number, line: number, health: "worse" | "suffering"): Pace {
  // What one part does to a call shows for some seconds, and must not count twice.
  const isSame = now.harmedAtMs !== null && atMs - now.harmedAtMs < HOLD_MS;
  const share = isSame && now.share !== null ? now.share : lowered(now.share, health);
  const limit = health === "suffering" ? 0 : Math.min(now.limit ?? Infinity, share * line);
  return { ...now, limit, share, harmedAtMs: atMs, holdUntilMs: atMs + HOLD_MS };
}

function lowered(share: number | null, health: "worse" | "suffering"): number {
  return health === "suffering" ? Math.min(share ?? Infinity, 2 * SHARE) / 2 : Math.min(share ?? Infinity, SHARE);
}

function rise(now: Pace, atMs: number, line: number): Pace {
  if (now.limit === null || atMs < (now.holdUntilMs ?? 0)) return now;
  const next = { ...now, holdUntilMs: atMs + RISE_EVERY_MS };
  if (now.share === null) return { ...next, limit: unlessMost(now.limit * RISE) };
  if (atMs - (now.harmedAtMs ?? atMs) < FORGIVE_MS) return { ...next, limit: now.share * line };
  const share = now.share * RISE;
  const limit = Math.max(FIRST, share * line);
  return { ...next, limit, share: share < FREE_SHARE ? share : null, harmedAtMs: atMs };
}

function unlessMost(limit: number): number | null {
  return limit >= MOST ? null : limit;
}

/** The best that was seen, moving slowly towards what is seen now: a line may really have become another one. */
function learn(usual: Pace["usual"], sample: CallSample): Pace["usual"] {
  return {
    roundTripMs: least(usual.roundTripMs, sample.roundTripMs),
    jitterMs: least(usual.jitterMs, sample.jitterMs),
    availableBitsPerS: most(usual.availableBitsPerS, sample.availableBitsPerS),
  };
}

function least(usual: number | null, seen: number | null): number | null {
  if (usual === null || seen === null) return usual ?? seen;
  return Math.min(seen, usual + 0.01 * (seen - usual));
}

function most(usual: number | null, seen: number | null): number | null {
  if (usual === null || seen === null) return usual ?? seen;
  return Math.max(seen, usual + 0.01 * (seen - usual));
}
