/** Everything the page shows, as one plain value. Screens are functions of it and of the language, of nothing else. */

import type { RecorderState, TrackName } from "./recorder.js";

/** What the rehearsal tried, in the order in which the page lists it. */
export const TRIALS = ["browser", "camera", "microphone", "screen", "storage", "clock", "server", "store", "line"] as const;

/** One thing that the rehearsal tried. */
export interface Trial {
  readonly name: (typeof TRIALS)[number];
  readonly outcome: "passed" | "warned" | "failed";
  /** What was found, where it did not simply pass; a code of the recorder's list. */
  readonly code: string | null;
}

/** What the device check has come to. */
export type Check =
  | { readonly step: "untried" }
  | { readonly step: "running" }
  | {
      readonly step: "done";
      readonly trials: readonly Trial[];
      /** Bytes per second towards the store; `null` when nothing arrived. */
      readonly uplink: number | null;
      /** How long after the bell the rest would take on this line; `null` when nobody can say. */
      readonly forecastMs: number | null;
    };

/** The page's own state beside the recorder's. */
export interface Model {
  /** Whether the address, or this tab's memory, has a token. */
  readonly link: "given" | "missing";
  /** `null` until the recorder has been asked for. */
  readonly recorder: RecorderState | null;
  /** Whether the candidate agreed to be recorded. */
  readonly agreed: boolean;
  /** Whether the candidate went on from the device check. */
  readonly checked: boolean;
  readonly check: Check;
  /** Milliseconds since 1970 on the server's clock, as of the last tick. */
  readonly now: number;
  /** What ended the recording; `null` while it has not ended, or when it ended before this page was opened. */
  readonly endedBy: "candidate" | "bell" | null;
  /** The takes (`local`) that an earlier page left unfinished. */
  readonly found: readonly string[];
}

/** What the candidate can do. */
export interface Actions {
  agree(): void;
  check(): void;
  /** Goes on from the device check, whatever it found. */
  goOn(): void;
  /** Back to the device check. */
  checkAgain(): void;
  start(): void;
  stop(): void;
  resume(track: TrackName): void;
  reload(): void;
}
