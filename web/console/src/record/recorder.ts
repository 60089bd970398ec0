/** What the page takes from the recorder: its words. The page never captures, stores or sends anything itself. */

export type {
  Check,
  CheckName,
  GapReason,
  Problem,
  Recorder,
  RecorderState,
  RehearsalReport,
  Sitting,
  TakeState,
  TakeStatus,
  TrackName,
  TrackState,
} from "@handin/recorder";
