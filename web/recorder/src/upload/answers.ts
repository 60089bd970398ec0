/** What the server's answers about a recording as a whole mean for its take. Pure. */

import { type Failure, passes } from "../server/failure.js";
import type { Entry, Opened, Outcome } from "../spool/journal.js";
import type { Problem } from "../types.js";
import type { CallAnswer } from "./events.js";
import { failed, fresh } from "./retry.js";
import type { Call, Confirmed, UploadTake } from "./take.js";

/** The moment an answer came, and where what it changes is written down. */
export interface Moment {
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly chance: number;
  write(local: string, entry: Entry): void;
}

/** So many failures in a row are told to people. */
export const TROUBLE = 4;
/** So often a take is sent anew from the spool before what the server has is taken as all there will be. */
const MOST_GENERATIONS = 5;
/** How soon the server is asked again about a recording that somebody else is sealing, in milliseconds. */
const SEALING_MS = 1_000;

/**
 * Takes in the answer to the call that was on its way.
 * @returns why the token is over, if the answer says so
 */
export function answered(take: UploadTake, answer: CallAnswer, moment: Moment): Problem | null {
  const { call } = take;
  take.call = null;
  if (call === null) return null;
  if (answer.kind === "failed") return callFailed(take, call.kind, answer.failure, moment);
  take.retries[call.kind] = fresh;
  take.trouble = null;
  if (answer.kind === "opened") wasOpened(take, answer.opened, answer.state, moment);
  else if (answer.kind === "asked") wasAsked(take, answer.confirmed, call.at, moment);
  else if (answer.kind === "sealed") wasSealed(take, answer.state, answer.receipt, moment);
  else take.empty = true;
  return null;
}

/** Takes in the answer to a heartbeat. */
export function beaten(take: UploadTake, failure: Failure | null): void {
  take.beating = false;
  if (failure !== null) handleRefused(take, failure);
}

/** A refused handle, token or recording, which every call that carries a handle may hear of. */
export function handleRefused(take: UploadTake, { status, code }: Failure): void {
  // A handle ends with the same answer as a token; only asking, which needs no handle, tells them apart.
  if (status === 401) take.mustAsk = true;
  if (code === "bad_handle" || code === "not_found") take.mustOpen = true;
}

/** Sends a take once more from the spool, as the next take, if that is possible. */
export function again(take: UploadTake, moment: Moment): boolean {
  if (!take.whole || take.lastAllowed < Infinity || take.generation >= MOST_GENERATIONS) return false;
  const continues = take.opened?.recording ?? "";
  take.again();
  moment.write(take.local, { at: "again", continues });
  return true;
}

/** A failure as people are told. */
export function problemOf({ code, detail }: Failure): Problem {
  return { code, detail };
}

function wasOpened(take: UploadTake, opened: Opened, state: string, { now, write }: Moment): void {
  take.openedAt(opened);
  take.seenAt = now;
  write(take.local, { at: "opened", opened });
  // It went on without us: by another page, a service worker, or salvage.
  if (state !== "open") take.mustAsk = take.blind = true;
}

function wasAsked(take: UploadTake, confirmed: Confirmed, askedAt: number, moment: Moment): void {
  const { state, contiguousBytes, parts, receipt } = confirmed;
  if (state === "open") return take.learn(parts, askedAt);
  if (state === "sealing") {
    // Its parts are becoming one object, so that a list of them says nothing now.
    take.retries.ask = failed(fresh, moment.now, moment.chance, SEALING_MS);
    return;
  }
  const all = take.ended && contiguousBytes >= take.allowedBytes;
  // Only a seal compares the store's bytes with what was recorded; salvage takes what it finds, however much that is.
  if (receipt !== null && all && state === "sealed") return over(take, "sealed", true, receipt, moment);
  if (state === "deleted") return refuse(take, { code: "deleted", detail: "The recording was deleted." });
  if (again(take, moment)) return;
  if (receipt !== null) return over(take, "partial", false, receipt, moment);
  refuse(take, { code: state, detail: "The server gave this recording up, and it cannot be sent again from here." });
}

function wasSealed(take: UploadTake, state: string, receipt: string, moment: Moment): void {
  if (state === "sealed") return over(take, "sealed", true, receipt, moment);
  // Salvage came first; how much it kept is to be seen.
  take.mustAsk = true;
}

function over(
  take: UploadTake,
  state: Outcome["state"],
  complete: boolean,
  receipt: string,
  { write }: Moment,
): void {
  take.outcome = { state, complete, recording: take.opened?.recording ?? "", receipt };
  write(take.local, { at: "over", outcome: take.outcome });
}

function refuse(take: UploadTake, problem: Problem): void {
  take.refused = problem;
}

function callFailed(take: UploadTake, call: Call, failure: Failure, { now, chance, write }: Moment): Problem | null {
  take.retries[call] = failed(take.retries[call], now, chance, failure.retryAfterMs);
  if (take.retries[call].failures >= TROUBLE) take.trouble = problemOf(failure);
  if (failure.status === 401 && (call === "open" || call === "ask")) return problemOf(failure);
  if (passes(failure) || failure.code === "sealing") return null;
  if (call === "open") refuse(take, problemOf(failure));
  else if (call === "discard") take.empty = failure.status !== 401;
  else callRefused(take, call, failure, { now, chance, write });
  return null;
}

function callRefused(take: UploadTake, call: "ask" | "seal", failure: Failure, moment: Moment): void {
  handleRefused(take, failure);
  if (call === "ask" || take.mustOpen) return;
  switch (failure.code) {
    case "upload_lost":
    case "object_differs":
      if (!again(take, moment)) refuse(take, problemOf(failure));
      return;
    case "parts_missing":
    case "checksum_mismatch":
    case "size_mismatch":
      for (const number of failure.parts) take.set(number, { status: "waiting", stored: null, confirmed: false });
      if (failure.parts.length === 0) take.mustAsk = true;
      return;
    default:
      if (failure.field?.startsWith("manifest")) [take.manifest, take.retries.seal] = [false, fresh];
      else take.mustAsk = true;
  }
}
