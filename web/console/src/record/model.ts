/** Everything the page shows, as one plain value. Screens are functions of it and of the language, of nothing else. */

import type { Check, RecorderState, RehearsalReport, TrackName } from "./recorder.js";

/** What the device check has come to. */
export type Rehearsal =
  | { readonly step: "untried" }
  | { readonly step: "running"; readonly checks: readonly Check[] }
  | { readonly step: "done"; readonly report: RehearsalReport };

/** The page's own state beside the recorder's. */
export interface Model {
  /** Whether the address, or this tab's memory, has a token. */
  readonly link: "given" | "missing";
  /** `null` until the recorder has been asked for. */
  readonly recorder: RecorderState | null;
  /** Whether the candidate agreed to be recorded. */
  readonly agreed: boolean;
  /** Whether the device check is still to come, was gone on from, or is wanted once more. */
  readonly check: "due" | "passed" | "again";
  readonly rehearsal: Rehearsal;
  /** What the webcam sees before the start; `null` when it is not open. */
  readonly preview: MediaStream | null;
  /** Whether the browser is asking the candidate for a camera or a screen right now. */
  readonly asking: boolean;
  /** Milliseconds since 1970 on the server's clock, as of the last tick. */
  readonly now: number;
  /** What ended the recording; `null` while it has not ended, or when it ended before this page was opened. */
  readonly endedBy: "candidate" | "bell" | null;
  /** The takes (`local`) that an earlier page left. */
  readonly found: readonly string[];
}

/** A page that was just opened. */
export const NEW: Model = {
  link: "given",
  recorder: null,
  agreed: false,
  check: "due",
  rehearsal: { step: "untried" },
  preview: null,
  asking: false,
  now: 0,
  endedBy: null,
  found: [],
};

/** What the candidate can do. */
export interface Actions {
  agree(): void;
  rehearse(): void;
  /** Goes on from the device check, whatever it found. */
  goOn(): void;
  /** Back to the device check. */
  checkAgain(): void;
  start(): void;
  /** Ends the recording; before the start: hands in what earlier pages left and records no more. */
  stop(): void;
  resume(track: TrackName): void;
  reload(): void;
}
