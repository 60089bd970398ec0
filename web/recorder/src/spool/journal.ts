/**
 * The journal of a take: everything but its bytes, one JSON line for each thing that happened. Pure.
 *
 * Lines are only ever added. What a take is follows from reading them in order; a last line that a crash tore is as if
 * it had never been written. For the bytes themselves the lengths of the files are the truth, not the journal.
 */

import type { Point } from "../container/container.js";
import type { Manifest, TrackName } from "../types.js";

/** Where a take goes, as the server answered when it was opened. */
export interface Opened {
  /** The recording's id. */
  readonly recording: string;
  /** Counted from 1 by the server. */
  readonly take: number;
  /** What signing and sealing want to see. A secret. */
  readonly handle: string;
  /** Bytes of every part but the last. */
  readonly partSize: number;
  /** The highest part number. */
  readonly maxParts: number;
}

/** A part that the store took. */
export interface StoredPart {
  readonly number: number;
  readonly size: number;
  /** In hex; `null` when a store that keeps none confirmed the part. */
  readonly sha256: string | null;
}

/** How a take ended at the server. */
export interface Outcome {
  readonly state: "sealed" | "partial";
  /** Whether the server has every byte, so that none is needed here. */
  readonly complete: boolean;
  readonly recording: string;
  /** The receipt as a compact JWS. */
  readonly receipt: string;
}

/** One thing that happened. */
export type Entry =
  /** The take began; the first line of every journal. */
  | {
      readonly at: "begun";
      readonly track: TrackName;
      readonly contentType: string;
      readonly startedAt: number;
      readonly manifest: Manifest;
    }
  /** So many bytes stand in the files now. */
  | {
      readonly at: "grown";
      readonly bytes: number;
      readonly recordedMs: number;
      readonly durationMs: number | null;
      /** New places to seek to, as `[milliseconds, offset]`. */
      readonly points: readonly (readonly [number, number])[];
    }
  | { readonly at: "noted"; readonly manifest: Manifest }
  | { readonly at: "ended"; readonly manifest: Manifest }
  | { readonly at: "opened"; readonly opened: Opened }
  | { readonly at: "stored"; readonly part: StoredPart }
  /** The server ended the recording without all of it: it is sent once more, as the next take. */
  | { readonly at: "again"; readonly continues: string }
  | { readonly at: "over"; readonly outcome: Outcome };

/** A take as its journal and its files tell it. */
export interface TakeRecord {
  /** The take's id in this browser. */
  readonly local: string;
  readonly track: TrackName;
  readonly contentType: string;
  readonly startedAt: number;
  readonly manifest: Manifest;
  /** Bytes of the file so far. */
  readonly bytes: number;
  /** How much of the take is recorded, as the page counts. */
  readonly recordedMs: number;
  /** Playing time of the file, as the container counts; `null` when it cannot be read, so that no head can be built. */
  readonly durationMs: number | null;
  readonly points: readonly Point[];
  readonly ended: boolean;
  /** Which opening this is, from 1. */
  readonly generation: number;
  /** The recording that the server ended early, of which this is the next take. */
  readonly continues: string | null;
  readonly opened: Opened | null;
  readonly stored: ReadonlyMap<number, StoredPart>;
  /** Whether every byte still stands in the files; confirmed parts may have been given up for room. */
  readonly whole: boolean;
  readonly outcome: Outcome | null;
}

/** A line of the journal, with its end. */
export function encode(entry: Entry): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(entry)}\n`);
}

/** The entries of a journal. A line that a crash tore is left out, at the end or, where a later page went on, between. */
export function decode(text: string): Entry[] {
  // What follows the last line end was torn, even where it happens to parse.
  const lines = text.split("\n").slice(0, -1);
  return lines.map(parse).filter((entry) => entry !== null);
}

/**
 * What a take is after these entries.
 * @returns `null` when its beginning was never written.
 */
export function replay(local: string, entries: readonly Entry[]): TakeRecord | null {
  const [first, ...rest] = entries;
  if (first === undefined || first.at !== "begun") return null;
  return rest.reduce(after, begun(local, first));
}

/** A take that has just begun. */
export function begun(local: string, entry: Extract<Entry, { at: "begun" }>): TakeRecord {
  const { track, contentType, startedAt, manifest } = entry;
  const nothing = { bytes: 0, recordedMs: 0, durationMs: null, points: [], ended: false };
  const nowhere = { generation: 1, continues: null, opened: null, stored: new Map<number, StoredPart>() };
  return { local, track, contentType, startedAt, manifest, ...nothing, ...nowhere, whole: true, outcome: null };
}

/** The take after one more entry. */
export function after(take: TakeRecord, entry: Entry): TakeRecord {
  switch (entry.at) {
    case "begun":
      return take;
    case "grown":
      return grown(take, entry);
    case "noted":
      return { ...take, manifest: entry.manifest };
    case "ended":
      return { ...take, manifest: entry.manifest, ended: true };
    case "opened":
      return opened(take, entry.opened);
    case "stored":
      return { ...take, stored: new Map(take.stored).set(entry.part.number, entry.part) };
    case "again":
      return {
        ...take,
        generation: take.generation + 1,
        continues: entry.continues,
        opened: null,
        stored: new Map(),
      };
    case "over":
      return { ...take, outcome: entry.outcome };
  }
}

/**
 * The take as its files tell it: with their bytes, and without places to seek to that a crash took.
 * @param bytes what the files hold, in bytes; what was given up counts, as it stands in the store
 * @param whole whether nothing was given up
 */
export function withFiles(take: TakeRecord, bytes: number, whole: boolean): TakeRecord {
  return { ...take, bytes, whole, points: take.points.filter((point) => point.offset < bytes) };
}

/** The few entries that tell all of a take that is over but its bytes. */
export function summary(take: TakeRecord): Entry[] {
  const { track, contentType, startedAt, manifest, bytes, recordedMs, durationMs, opened, outcome } = take;
  return [
    { at: "begun", track, contentType, startedAt, manifest },
    { at: "grown", bytes, recordedMs, durationMs, points: [] },
    { at: "ended", manifest },
    ...(opened === null ? [] : [{ at: "opened", opened } as const]),
    ...(outcome === null ? [] : [{ at: "over", outcome } as const]),
  ];
}

function grown(take: TakeRecord, entry: Extract<Entry, { at: "grown" }>): TakeRecord {
  const { bytes, recordedMs, durationMs } = entry;
  const points = entry.points.map(([timeMs, offset]) => ({ timeMs, offset }));
  return { ...take, bytes, recordedMs, durationMs, points: [...take.points, ...points] };
}

/** Opened again under the same key it is the same recording, and what the store took stays there. */
function opened(take: TakeRecord, opened: Opened): TakeRecord {
  const same = take.opened?.recording === opened.recording;
  return { ...take, opened, stored: same ? take.stored : new Map() };
}

function parse(line: string): Entry | null {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "object" && entry !== null && "at" in entry ? (entry as Entry) : null;
  } catch {
    return null;
  }
}
