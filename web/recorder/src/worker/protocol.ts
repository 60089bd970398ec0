/** What the page and its worker say to each other. The page captures; the worker makes durable, sends and seals. */

import type { Manifest, Problem, Sitting, TakeState, TrackName } from "../types.js";

/** From the page. */
export type ToWorker =
  /** The first message. The worker takes the sitting's lock, looks for earlier takes and finishes them. */
  | { readonly kind: "hello"; readonly server: string; readonly token: string; readonly sitting: Sitting }
  /** A take begins. `local` is a fresh UUID, also the `Idempotency-Key` of its opening. */
  | {
      readonly kind: "begin";
      readonly local: string;
      readonly track: TrackName;
      readonly contentType: string;
      readonly startedAt: number;
      readonly manifest: Manifest;
    }
  /** The recorder's next bytes (transferred), and how much of the take is recorded with them. */
  | { readonly kind: "chunk"; readonly local: string; readonly bytes: ArrayBuffer; readonly recordedMs: number }
  /** The manifest as of now, so that a crash loses no gap. */
  | { readonly kind: "note"; readonly local: string; readonly manifest: Manifest }
  /** The take is over: send the rest and seal. */
  | { readonly kind: "end"; readonly local: string; readonly manifest: Manifest }
  /** A live call needs the line: send at most this fast; 0 is a pause, `null` no limit. */
  | { readonly kind: "yield"; readonly maxBytesPerS: number | null }
  | { readonly kind: "online"; readonly online: boolean }
  /** A fresh token for the same sitting. */
  | { readonly kind: "token"; readonly token: string };

/** From the worker. */
export type FromWorker =
  /** The lock is held and the spool is read: takes may begin. */
  | { readonly kind: "ready"; readonly takes: readonly TakeState[] }
  /** Another tab holds the lock. */
  | { readonly kind: "elsewhere" }
  /** The bytes up to here survive a crash of the browser. */
  | { readonly kind: "durable"; readonly local: string; readonly recordedMs: number; readonly recordedBytes: number }
  /** The uploads as they stand: after every change, at most four times in a second. */
  | {
      readonly kind: "uploads";
      readonly takes: readonly TakeState[];
      readonly heldBy: "nothing" | "server" | "call" | "offline";
      /** Measured over the last parts; `null` before the first. */
      readonly bytesPerS: number | null;
      readonly remainingMs: number | null;
    }
  /** Room in the spool. On `full` nothing more can be written: the page lowers the quality or reports a gap. */
  | { readonly kind: "room"; readonly room: "enough" | "low" | "full" }
  /** The worker cannot go on at all. */
  | { readonly kind: "refused"; readonly problem: Problem };
