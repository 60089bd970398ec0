/** What the page takes from the recorder: its words. The page never captures, stores or sends anything itself. */

export type {
  GapReason,
  Problem,
  RecorderState,
  Sitting,
  TakeState,
  TakeStatus,
  TrackName,
  TrackState,
} from "../../../recorder/src/types.js";
