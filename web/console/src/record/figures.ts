/** The figures that the page shows, added up over the takes of a track. Pure. */

import type { RecorderState, TakeState, TrackName } from "./recorder.js";

/** How much of a track is recorded and how much of that has arrived. */
export interface Figures {
  /** Playing time that is durable in this browser. */
  readonly recordedMs: number;
  /** Playing time that stands in this browser alone. */
  readonly atRiskMs: number;
  /** Playing time that the store has. */
  readonly confirmedMs: number;
  readonly recordedBytes: number;
  readonly storedBytes: number;
  /** `storedBytes` of `recordedBytes`, 0 to 1; 0 when nothing is recorded. */
  readonly share: number;
}

const sum = (takes: readonly TakeState[], of: (take: TakeState) => number) =>
  takes.reduce((total, take) => total + of(take), 0);

/** The figures of some takes together. */
export function figuresOf(takes: readonly TakeState[]): Figures {
  const recordedMs = sum(takes, (take) => take.recordedMs);
  const atRiskMs = Math.min(recordedMs, sum(takes, (take) => take.atRiskMs));
  const recordedBytes = sum(takes, (take) => take.recordedBytes);
  // A head that is sent again may count twice, but never makes more than the whole take.
  const storedBytes = sum(takes, (take) => Math.min(take.recordedBytes, take.storedBytes));
  const share = recordedBytes === 0 ? 0 : storedBytes / recordedBytes;
  return { recordedMs, atRiskMs, confirmedMs: recordedMs - atRiskMs, recordedBytes, storedBytes, share };
}

/** The takes of one track, oldest first. */
export function takesOf(recorder: RecorderState, track: TrackName): readonly TakeState[] {
  return recorder.takes.filter((take) => take.track === track);
}

/** The tracks in the order of the exam, then those that only earlier takes know. */
export function trackNames(recorder: RecorderState): readonly TrackName[] {
  const asked = recorder.sitting?.tracks.map(({ track }) => track) ?? [];
  return [...new Set([...asked, ...recorder.takes.map(({ track }) => track)])];
}

/** The tracks that the exam asks for and of which nothing was recorded. */
export function missingTracks(recorder: RecorderState): readonly TrackName[] {
  return trackNames(recorder).filter((track) => takesOf(recorder, track).length === 0);
}

/** Whether all that was recorded has arrived, and something of every track was. */
export function isWhole(recorder: RecorderState): boolean {
  return missingTracks(recorder).length === 0 && recorder.takes.every(({ status }) => status === "sealed");
}
