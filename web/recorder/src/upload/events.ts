/** What the upload machine is told and what it wants done. Types only. */

import type { Failure } from "../server/failure.js";
import type { Entry, Opened, StoredPart, TakeRecord } from "../spool/journal.js";
import type { Confirmed } from "./take.js";
import type { Pace } from "./pace.js";

/** The outcome of a call about a recording as a whole. */
export type CallAnswer =
  | { readonly kind: "opened"; readonly opened: Opened; readonly state: string }
  | { readonly kind: "asked"; readonly confirmed: Confirmed }
  | { readonly kind: "sealed"; readonly state: string; readonly receipt: string }
  | { readonly kind: "discarded" }
  | { readonly kind: "failed"; readonly failure: Failure };

/** The outcome of sending a part. */
export type SendAnswer =
  | {
      readonly ok: true;
      readonly stored: StoredPart;
      /** When its bytes began to go, for the measurement of the line. */
      readonly putAt: number;
    }
  | {
      readonly ok: false;
      /** Which step failed. */
      readonly where: "spool" | "sign" | "put";
      readonly failure: Failure;
      /** Whether all bytes had gone: then it may have arrived nevertheless. */
      readonly bodySent: boolean;
    };

/** Something that happened. */
export type UploadEvent =
  /** A take; `earlier` when an earlier page began it. */
  | { readonly kind: "take"; readonly record: TakeRecord; readonly earlier: boolean }
  /** More of a take is durable. */
  | { readonly kind: "grown"; readonly local: string; readonly bytes: number; readonly recordedMs: number }
  /** A take is recorded to its end; `readable` when a head with duration and index can be built. */
  | { readonly kind: "ended"; readonly local: string; readonly readable: boolean }
  | { readonly kind: "answered"; readonly local: string; readonly answer: CallAnswer }
  /** The answer to a heartbeat. */
  | { readonly kind: "beaten"; readonly local: string; readonly failure: Failure | null }
  /** A sign of life of a part on its way: so many of its bytes have gone. */
  | { readonly kind: "progress"; readonly send: number; readonly sent: number }
  | { readonly kind: "sent"; readonly send: number; readonly answer: SendAnswer }
  /** What the server asks of senders; every answer that can carry it does, so that no word means no limit. */
  | { readonly kind: "pace"; readonly pace: Pace }
  | { readonly kind: "online"; readonly online: boolean }
  /** What a live call leaves of the line, in bytes a second. */
  | { readonly kind: "yield"; readonly maxBytesPerS: number | null }
  | { readonly kind: "token" }
  /** Room in the spool is low, or no longer. */
  | { readonly kind: "scarce"; readonly scarce: boolean }
  /** The moment that was asked for has come. */
  | { readonly kind: "tick" };

/** Something to do. */
export type Effect =
  | { readonly kind: "open"; readonly local: string; readonly key: string }
  | { readonly kind: "ask"; readonly local: string; readonly recording: string }
  | {
      readonly kind: "seal";
      readonly local: string;
      readonly opened: Opened;
      readonly parts: readonly StoredPart[];
      /** Whether it goes with the manifest. */
      readonly manifest: boolean;
    }
  | { readonly kind: "discard"; readonly local: string; readonly recording: string }
  /** Nothing was recorded and nobody knows of it. */
  | { readonly kind: "forget"; readonly local: string }
  | { readonly kind: "beat"; readonly local: string; readonly opened: Opened }
  /** Hash, sign and send a part. */
  | {
      readonly kind: "send";
      readonly send: number;
      readonly local: string;
      readonly opened: Opened;
      readonly number: number;
      readonly from: number;
      readonly to: number;
      /** Whether it goes with the finished head. */
      readonly finished: boolean;
    }
  | { readonly kind: "abort"; readonly send: number }
  | { readonly kind: "write"; readonly local: string; readonly entry: Entry }
  /** These bytes are confirmed and may go for room. */
  | { readonly kind: "free"; readonly local: string; readonly from: number; readonly to: number }
  /** Tick at this moment; the newest wish counts. */
  | { readonly kind: "wake"; readonly at: number };
