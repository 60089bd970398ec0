/** What is known of takes, and how two accounts of one take become one. Pure; knows nothing of tracks and phases. */

import type { Gap, Sitting, TakeState, TrackName } from "./types.js";

/** Whether nothing more will come of this take. */
export function isFinal({ status }: TakeState): boolean {
  return status === "sealed" || status === "partial" || status === "failed";
}

/** A take with bytes that can never be finished; an empty one is nobody's loss. */
export function failed(takes: readonly TakeState[]): TakeState | undefined {
  return takes.find((take) => take.status === "failed" && take.recordedBytes > 0);
}

/** Milliseconds: the most that one track has in this browser alone, over all its takes. */
export function atRisk(takes: readonly TakeState[]): number {
  const tracks = new Map<TrackName, number>();
  for (const take of takes) {
    if (!isFinal(take)) tracks.set(take.track, (tracks.get(take.track) ?? 0) + take.atRiskMs);
  }
  return Math.max(0, ...tracks.values());
}

/** A take that nobody has counted yet. */
export function freshTake(local: string, track: TrackName, startedAt: number, before: Gap | null = null): TakeState {
  return {
    local,
    track,
    take: null,
    recording: null,
    status: "recording",
    startedAt,
    recordedMs: 0,
    recordedBytes: 0,
    storedBytes: 0,
    atRiskMs: 0,
    gaps: before ? [before] : [],
    receipt: null,
    problem: null,
  };
}

/** What became durable since the worker last counted is at risk on top of what it counted. */
export function durable(take: TakeState, recordedMs: number, recordedBytes: number): TakeState {
  const more = Math.max(0, recordedMs - take.recordedMs);
  return {
    ...take,
    recordedMs: take.recordedMs + more,
    recordedBytes: Math.max(take.recordedBytes, recordedBytes),
    atRiskMs: isFinal(take) ? take.atRiskMs : take.atRiskMs + more,
  };
}

/** The take that another one continues. */
export interface Former {
  readonly local: string;
  /** Why there is a gap between the two; `null` where there is none, or none that is known. */
  readonly reason: Gap["reason"] | null;
  /** When its last frame was taken. */
  readonly endedAt: number;
}

/** What an earlier page left of a track, for the next take to continue. */
export function leftOf(takes: readonly TakeState[], track: TrackName): Former | null {
  const last = takes.findLast((take) => take.track === track);
  if (!last) return null;
  if (last.startedAt === null) return { local: last.local, reason: null, endedAt: 0 };
  return { local: last.local, reason: "page_closed", endedAt: last.startedAt + last.recordedMs };
}

/** Until when a track that is being recorded is durable; `null` before its first bytes are. */
export function durableUntil(takes: readonly TakeState[], track: TrackName): number | null {
  const last = takes.findLast((take) => take.track === track && take.status === "recording");
  return last?.startedAt ? last.startedAt + last.recordedMs : null;
}

/** The takes as known, with what the worker says of each. */
export function merge(known: readonly TakeState[], said: readonly TakeState[]): readonly TakeState[] {
  const news = new Map(said.map((take) => [take.local, take]));
  const merged = known.map((take) => mergeTake(take, news.get(take.local)));
  const had = new Set(known.map((take) => take.local));
  return withoutOvertakenGaps([...merged, ...said.filter((take) => !had.has(take.local))]);
}

/** A gap that a later take has ended stands there, with its end; at the take before it would seem to last for ever. */
export function withoutOvertakenGaps(takes: readonly TakeState[]): readonly TakeState[] {
  const last = new Map(takes.map((take) => [take.track, take]));
  return takes.map((take) => {
    const isOvertaken = last.get(take.track) !== take && take.gaps.some(isOpen);
    return isOvertaken ? { ...take, gaps: take.gaps.filter((gap) => !isOpen(gap)) } : take;
  });
}

function isOpen({ toAt }: Gap): boolean {
  return toAt === null;
}

/**
 * The worker knows the upload, the page knows gaps and when a take ended: what the worker said before it heard of either
 * takes nothing back.
 */
function mergeTake(known: TakeState, said: TakeState | undefined): TakeState {
  if (!said) return known;
  const status = said.status === "recording" ? known.status : said.status;
  const recordedMs = Math.max(known.recordedMs, said.recordedMs);
  return {
    ...said,
    take: said.take ?? known.take,
    recording: said.recording ?? known.recording,
    status,
    startedAt: known.startedAt ?? said.startedAt,
    recordedMs,
    recordedBytes: Math.max(known.recordedBytes, said.recordedBytes),
    storedBytes: Math.max(known.storedBytes, said.storedBytes),
    atRiskMs: said.atRiskMs + (recordedMs - said.recordedMs),
    gaps: known.gaps.length > 0 ? known.gaps : said.gaps,
    receipt: said.receipt ?? known.receipt,
  };
}

/**
 * Recordings that the server has sealed and this browser has forgotten are shown too, with their receipts. They bear their
 * recording's id as `local`, and go when the browser's own account of them turns up.
 */
export function withServersTakes(takes: readonly TakeState[], recordings: Sitting["recordings"]): readonly TakeState[] {
  const own = takes.filter((take) => take.local !== take.recording);
  const known = new Set(own.map((take) => take.recording));
  const forgotten = recordings.filter(({ id, state }) => !known.has(id) && (state === "sealed" || state === "partial"));
  return [...forgotten.map(asTake), ...own];
}

function asTake({ id, track, take, state, receipt }: Sitting["recordings"][number]): TakeState {
  const status = state === "sealed" ? "sealed" : "partial";
  return { ...freshTake(id, track, 0), take, recording: id, status, startedAt: null, receipt };
}
