/**
 * How fast uploads may go beside a live call: looks at one sample of the call after the other and answers a limit. Pure;
 * knows neither the call nor the uploads.
 *
 * It begins slowly, grows while the call is well, halves when the call gets worse and pauses when it suffers, and
 * remembers for a while at which rate that was: a call must not stutter again and again to find the same limit.
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
  /** The limit at which the call last suffered, and when. */
  readonly ceiling: { readonly limit: number; readonly atMs: number } | null;
  /** When the limit may rise again; `null` before the first sample. */
  readonly holdUntilMs: number | null;
}

const KIB = 1024;
/** Bytes per second: half of what a webcam and a screen record, so that a line that bears it falls behind only slowly. */
const FIRST = 48 * KIB;
/** Below this a part takes ten minutes: better to wait. */
const LEAST = 8 * KIB;
/** Above this the line has room for everything. */
const MOST = 4096 * KIB;
const RISE = 1.5;
const CAREFUL_RISE = 1.05;
const RISE_EVERY_MS = 2_000;
/** A call's own rate control needs some seconds to come back. */
const HOLD_MS = 5_000;
/** For so long the line is not tried again near where it failed. */
const REMEMBER_MS = 60_000;

/** Before the first sample. */
export const FIRST_PACE: Pace = {
  limit: FIRST,
  usual: { roundTripMs: null, jitterMs: null, availableBitsPerS: null },
  ceiling: null,
  holdUntilMs: null,
};

/** How the call is. */
export type Health = "well" | "worse" | "suffering";

/** The pace after this sample; `uploadedBytesPerS` is what uploads measured, `null` before the first part. */
export function pace(before: Pace, sample: CallSample, uploadedBytesPerS: number | null): Pace {
  // The first seconds show how the call is when next to nothing is sent beside it.
  const holdUntilMs = before.holdUntilMs ?? sample.atMs + HOLD_MS;
  const now = { ...before, holdUntilMs, usual: learn(before.usual, sample), ceiling: remembered(before) };
  const health = healthOf(sample, now.usual);
  if (health === "well") return rise(now, sample.atMs);
  // Without a limit, what was sent in fact is what was too much.
  const tooMuch = before.limit ?? uploadedBytesPerS ?? MOST;
  return fall(now, sample.atMs, tooMuch, health);
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

function fall(now: Pace, atMs: number, tooMuch: number, health: Health): Pace {
  // What is still on its way from before the last fall must not count twice.
  if (health === "worse" && now.ceiling && atMs - now.ceiling.atMs < HOLD_MS) return now;
  const half = tooMuch / 2;
  const limit = health === "suffering" || half < LEAST ? 0 : half;
  const ceiling = tooMuch > 0 ? { limit: tooMuch, atMs } : now.ceiling;
  return { ...now, limit, ceiling, holdUntilMs: atMs + HOLD_MS };
}

function rise(now: Pace, atMs: number): Pace {
  if (now.limit === null || atMs < (now.holdUntilMs ?? 0)) return now;
  const holdUntilMs = atMs + RISE_EVERY_MS;
  const safe = now.ceiling ? 0.8 * now.ceiling.limit : MOST;
  if (now.limit === 0) return { ...now, limit: Math.max(LEAST, Math.min(FIRST, safe)), holdUntilMs };
  if (now.limit < safe) return { ...now, limit: unlessMost(Math.min(safe, now.limit * RISE)), holdUntilMs };
  if (now.ceiling && atMs - now.ceiling.atMs < REMEMBER_MS) return now;
  return { ...now, limit: unlessMost(now.limit * CAREFUL_RISE), holdUntilMs };
}

function unlessMost(limit: number): number | null {
  return limit >= MOST ? null : limit;
}

/** A limit that was far exceeded without harm says nothing of the line any more. */
function remembered({ ceiling, limit }: Pace): Pace["ceiling"] {
  return ceiling && (limit ?? Infinity) < 2 * ceiling.limit ? ceiling : null;
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
