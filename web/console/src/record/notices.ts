/** What deserves the candidate's attention now, most urgent first. Pure; the words are in `texts/`. */

import { figuresOf, trackNames } from "./figures.js";
import type { Model } from "./model.js";
import type { GapReason, RecorderState, TrackName } from "./recorder.js";

/** One thing to know or to do. */
export type Notice =
  | { readonly kind: "interrupted"; readonly track: TrackName; readonly reason: GapReason; readonly canResume: boolean }
  | { readonly kind: "storage_full" | "storage_low" | "offline" | "call" | "server" }
  | { readonly kind: "problem"; readonly code: string }
  | { readonly kind: "lowered"; readonly tracks: readonly TrackName[] }
  | { readonly kind: "recovering"; readonly ms: number }
  | { readonly kind: "recovered"; readonly ms: number }
  | { readonly kind: "bell_soon"; readonly minutes: number };

/** `alarm` asks for an action, `warn` for attention, `calm` is good to know. */
export type Tone = "alarm" | "warn" | "calm";

/** The bell is announced when this many minutes are left, whichever is the smallest that still covers the rest. */
const BELL_MINUTES = [1, 5, 10] as const;

/** The notices for a model. */
export function noticesOf(model: Model): readonly Notice[] {
  const { recorder } = model;
  if (!recorder) return [];
  return [
    ...interruptions(recorder),
    ...problems(recorder),
    ...storage(recorder),
    ...bell(model, recorder),
    ...line(recorder),
    ...earlier(model, recorder),
  ];
}

/** How urgent a notice is. */
export function toneOf({ kind }: Notice): Tone {
  if (kind === "interrupted" || kind === "problem" || kind === "storage_full") return "alarm";
  return kind === "storage_low" || kind === "offline" || kind === "lowered" || kind === "bell_soon" ? "warn" : "calm";
}

/** The same notice keeps its key as its figures change. */
export function keyOf(notice: Notice): string {
  const parts: (string | number)[] = [notice.kind];
  if ("track" in notice) parts.push(notice.track);
  if (notice.kind === "bell_soon") parts.push(notice.minutes);
  return parts.join(":");
}

function interruptions({ tracks, phase }: RecorderState): Notice[] {
  if (phase !== "recording") return [];
  return tracks
    .filter(({ status }) => status === "interrupted")
    .map(({ track, interruption, canResume }) => ({
      kind: "interrupted",
      track,
      reason: interruption ?? "encoder_failed",
      canResume,
    }));
}

/** What a track's interruption says already is not said twice. */
function problems({ problem, phase, tracks }: RecorderState): Notice[] {
  const told = tracks.some(({ status }) => status === "interrupted");
  const shown = phase === "ready" || phase === "finishing" || (phase === "recording" && !told);
  return problem && shown ? [{ kind: "problem", code: problem.code }] : [];
}

function storage({ tracks, storage: { room }, phase }: RecorderState): Notice[] {
  if (phase !== "recording") return [];
  const names = tracks.filter((track) => track.lowered).map(({ track }) => track);
  const lowered: Notice[] = names.length === 0 ? [] : [{ kind: "lowered", tracks: names }];
  if (room === "full") return [{ kind: "storage_full" }, ...lowered];
  return room === "low" ? [{ kind: "storage_low" }, ...lowered] : lowered;
}

function line({ online, heldBy, phase }: RecorderState): Notice[] {
  // Once the recording is over, the screen itself says that it waits for the line.
  if (phase === "finishing" && !online) return [];
  if (phase !== "recording" && phase !== "finishing") return [];
  if (!online || heldBy === "offline") return [{ kind: "offline" }];
  return heldBy === "nothing" ? [] : [{ kind: heldBy }];
}

function bell({ now }: Model, { phase, sitting }: RecorderState): Notice[] {
  if (phase !== "recording" || !sitting || sitting.bellAt === null) return [];
  const left = (sitting.bellAt - now) / 60_000;
  const minutes = BELL_MINUTES.find((mark) => left <= mark);
  return minutes === undefined || left <= 0 ? [] : [{ kind: "bell_soon", minutes }];
}

/**
 * Takes of an earlier page: being finished, or, once all of them are safe, a word of relief until the recording goes on.
 * Tracks run side by side, so the longest of them says how long was recorded.
 */
function earlier({ found }: Model, recorder: RecorderState): Notice[] {
  const { takes, phase } = recorder;
  if (phase !== "ready" && phase !== "recording") return [];
  const theirs = takes.filter(({ local }) => found.includes(local));
  if (theirs.length === 0 || theirs.some(({ status }) => status === "failed")) return [];
  const ms = Math.max(...trackNames(recorder).map((track) => figuresOf(theirs.filter((take) => take.track === track)).recordedMs));
  if (theirs.some(({ status }) => status === "ended")) return [{ kind: "recovering", ms }];
  return phase === "ready" ? [{ kind: "recovered", ms }] : [];
}
