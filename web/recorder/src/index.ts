/** The whole public interface of `@handin/recorder`; what is not exported here may change at any time. */

export { createRecorder, Recorder, type RecorderOptions } from "./recorder.js";
export { RecorderError } from "./problems.js";
export type { RecorderEvents } from "./events.js";
export type { Effort } from "./capture/codec.js";
export type { TrackOptions } from "./capture/sources.js";
export type { RehearsalOptions } from "./rehearsal/rehearse.js";
export type { Check, CheckCode, CheckName, RehearsalReport, Text } from "./rehearsal/report.js";
export type {
  CaptureSettings,
  ClockOffset,
  Gap,
  GapReason,
  Manifest,
  Phase,
  Problem,
  RecorderState,
  Sitting,
  TakeState,
  TakeStatus,
  TrackName,
  TrackState,
} from "./types.js";
