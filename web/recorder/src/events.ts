/** What a listener may hear of, read off two states that follow each other. Pure. */

import type { GapReason, Phase, Problem, RecorderState, TakeState, TrackName } from "./types.js";

/**
 * What a recorder tells, by name.
 *
 * @example
 * ```ts
 * const names: (keyof RecorderEvents)[] = ["interrupted", "resumed", "lowered", "sealed", "problem", "phase"];
 * for (const name of names) recorder.on(name, (event) => console.log(name, event));
 * ```
 */
export interface RecorderEvents {
  /** The recorder is somewhere else than before. */
  readonly phase: { readonly phase: Phase; readonly before: Phase };
  /** A track is no longer recorded; the others go on. */
  readonly interrupted: { readonly track: TrackName; readonly reason: GapReason; readonly canResume: boolean };
  /** It is recorded again, as the next take. */
  readonly resumed: { readonly track: TrackName };
  /** A track is recorded at less than the exam's quality, to save room. */
  readonly lowered: { readonly track: TrackName };
  /** A take has its receipt. */
  readonly sealed: { readonly take: TakeState };
  /** Something went wrong that a person should know. */
  readonly problem: { readonly problem: Problem };
}

/** One event with its name. */
export type RecorderEvent = { readonly [Name in keyof RecorderEvents]: RecorderEvents[Name] & { readonly kind: Name } }[keyof RecorderEvents];

/** Everything that happened between two states. */
export function between(before: RecorderState, after: RecorderState): readonly RecorderEvent[] {
  return [...ofTracks(before, after), ...ofTakes(before, after), ...ofProblem(before, after), ...ofPhase(before, after)];
}

function ofTracks(before: RecorderState, after: RecorderState): readonly RecorderEvent[] {
  return after.tracks.flatMap((now): RecorderEvent[] => {
    const { track, interruption: reason, canResume } = now;
    const was = before.tracks.find((one) => one.track === track);
    const events: RecorderEvent[] = [];
    if (reason && reason !== was?.interruption) events.push({ kind: "interrupted", track, reason, canResume });
    if (now.status === "live" && was?.status === "interrupted") events.push({ kind: "resumed", track });
    if (now.lowered && !was?.lowered) events.push({ kind: "lowered", track });
    return events;
  });
}

function ofTakes(before: RecorderState, after: RecorderState): readonly RecorderEvent[] {
  const had = new Set(before.takes.filter(({ receipt }) => receipt !== null).map(({ local }) => local));
  return after.takes.filter(({ local, receipt }) => receipt !== null && !had.has(local)).map((take) => ({ kind: "sealed", take }));
}

function ofProblem(before: RecorderState, after: RecorderState): readonly RecorderEvent[] {
  const { problem } = after;
  return problem && problem.code !== before.problem?.code ? [{ kind: "problem", problem }] : [];
}

function ofPhase(before: RecorderState, after: RecorderState): readonly RecorderEvent[] {
  return after.phase === before.phase ? [] : [{ kind: "phase", phase: after.phase, before: before.phase }];
}
