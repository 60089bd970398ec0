/**
 * The head of a WebM or Matroska file: everything before the first cluster. While recording, three Void elements with
 * our marks keep room for what is known only at the end (where things stand, how long it plays, where to seek to);
 * finishing writes that into the room and nothing else. Its twin in Rust writes the same bytes.
 *
 * ```
 * EBML │ Segment (unknown size) │ Void → SeekHead │ Info … Void → Duration │ Tracks │ Void → Cues │ clusters …
 * ```
 */

import { type FinishHead, HEAD_SIZE, type Point } from "./container.js";
import { type Element, ID, concat, element, elements, float64, readUint, uint, voidElement } from "./ebml.js";
import { readTimestampScale, readTracks } from "./tracks.js";

/** Bytes kept for the SeekHead; three entries take 56. */
const SEEK_ROOM = 96;
/** Bytes kept for the Duration: exactly one element with a 64-bit float. */
const DURATION_ROOM = 11;
/** Bytes kept for the Cues: some 3,600 points of 18 bytes, or one every two seconds for two hours. */
const CUES_ROOM = 64 * 1024;
/** What Cues take beside their points, at most: id, size, and a Void with a mark behind them. */
const CUES_FRAME = 24;

/** How our Voids begin: the layout's version, and what they are kept for; F stands where something was written. */
const MARK = { seek: mark("handin1S"), duration: mark("handin1D"), cues: mark("handin1C"), finished: mark("handin1F") };

/** A Segment whose size nobody knows yet (RFC 8794, 6.2). */
const OPEN_SEGMENT = concat([uint(ID.segment), Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)]);

/** What a recorder puts before the first cluster that is wrong as soon as something is put in front of it. */
const DROPPED: ReadonlySet<number> = new Set([ID.seekHead, ID.cues, ID.void, ID.crc32, ID.duration]);

/** Where a file stands that begins with these bytes. */
export type HeadState =
  /** It has our marks and waits to be finished. */
  | "open"
  /** It has been finished by us. */
  | "finished"
  /** We cannot finish it. */
  | "foreign";

/** Says where a file stands by its first bytes, at least all that are before its first cluster. */
export function headState(head: Uint8Array): HeadState {
  if (findRooms(head) !== null) return "open";
  const children = segmentOf(head)?.children ?? [];
  return children.some((child) => isMarked(head, child, MARK.finished)) ? "finished" : "foreign";
}

/** Puts room into a recorder's head, which ends where its first cluster begins; `null` if it is none we understand. */
export function reserveRoom(original: Uint8Array): Uint8Array | null {
  const segment = segmentOf(original);
  if (segment === null) return null;
  const kept = segment.children.filter((child) => !DROPPED.has(child.id));
  if (![ID.info, ID.tracks].every((id) => kept.some((child) => child.id === id))) return null;
  const head = concat([
    original.subarray(0, segment.at),
    OPEN_SEGMENT,
    voidElement(SEEK_ROOM, MARK.seek),
    ...kept.map((child) => (child.id === ID.info ? withRoom(original, child) : original.subarray(child.at, child.end))),
    voidElement(CUES_ROOM, MARK.cues),
  ]);
  return head.length <= HEAD_SIZE ? head : null;
}

function withRoom(original: Uint8Array, info: Element): Uint8Array {
  const kept = [...elements(original, info.data, info.end)].filter((child) => !DROPPED.has(child.id));
  const bytes = kept.map((child) => original.subarray(child.at, child.end));
  return element(ID.info, ...bytes, voidElement(DURATION_ROOM, MARK.duration));
}

/** Finishes a head of ours; one that is finished already, or none of ours, stays as it is. */
export const finishHead: FinishHead = (head, points, durationMs) => {
  const finished = head.slice();
  const rooms = findRooms(head);
  if (rooms === null) return finished;
  const { segment, info, tracks, seek, duration, cues } = rooms;
  const scale = readTimestampScale(head, info);
  if (durationMs > 0) finished.set(element(ID.duration, float64((durationMs * 1e6) / scale)), duration.at);
  const toCuePoint = cuePoints(readTracks(head, tracks).pointTrack, scale, segment.data);
  const chosen = thinned(points.map(toCuePoint), CUES_ROOM - CUES_FRAME);
  const found = chosen.length > 0 ? [info, tracks, cues] : [info, tracks];
  const ids = [ID.info, ID.tracks, ID.cues];
  const entries = found.map(({ at }, index) => seekEntry(ids[index] ?? 0, at - segment.data));
  fill(finished, seek, element(ID.seekHead, ...entries));
  fill(finished, cues, chosen.length > 0 ? element(ID.cues, ...chosen) : new Uint8Array());
  return finished;
};

/** Writes into a room and keeps the rest of it as a Void, marked as finished. */
function fill(head: Uint8Array, room: Element, bytes: Uint8Array): void {
  head.set(bytes, room.at);
  head.set(voidElement(total(room) - bytes.length, MARK.finished), room.at + bytes.length);
}

function seekEntry(id: number, position: number): Uint8Array {
  return element(ID.seek, element(ID.seekId, uint(id)), element(ID.seekPosition, uint(position, 4)));
}

/** Makes a CuePoint of a point; places in Cues count from the Segment's payload (RFC 9559, 5.1.5.1.2.2). */
function cuePoints(track: number, scale: number, segmentData: number): (point: Point) => Uint8Array {
  return ({ timeMs, offset }) =>
    element(
      ID.cuePoint,
      element(ID.cueTime, uint(Math.floor((timeMs * 1e6) / scale + 0.5))),
      element(
        ID.cueTrackPositions,
        element(ID.cueTrack, uint(track)),
        element(ID.cueClusterPosition, uint(Math.max(0, offset - segmentData))),
      ),
    );
}

/** As many of the points as fit into `room` bytes, evenly spread from the first on. */
function thinned(points: readonly Uint8Array[], room: number): readonly Uint8Array[] {
  if (points.reduce((sum, point) => sum + point.length, 0) <= room) return points;
  const largest = points.reduce((most, point) => Math.max(most, point.length), 0);
  const fitting = Math.floor(room / largest);
  return points.filter((_, index) => (index * fitting) % points.length < fitting);
}

interface Segment {
  readonly at: number;
  readonly data: number;
  /** Those before the first cluster. */
  readonly children: readonly Element[];
}

function segmentOf(bytes: Uint8Array): Segment | null {
  const [ebml, segment] = elements(bytes, 0, bytes.length);
  if (ebml?.id !== ID.ebml || segment?.id !== ID.segment) return null;
  const children = [];
  for (const child of elements(bytes, segment.data, Math.min(segment.end, bytes.length))) {
    if (child.id === ID.cluster || child.end > bytes.length) break;
    children.push(child);
  }
  return { at: segment.at, data: segment.data, children };
}

interface Rooms {
  readonly segment: Segment;
  readonly info: Element;
  readonly tracks: Element;
  readonly seek: Element;
  readonly duration: Element;
  readonly cues: Element;
}

function findRooms(head: Uint8Array): Rooms | null {
  const segment = segmentOf(head);
  const child = (id: number) => segment?.children.find((found) => found.id === id);
  const [info, tracks] = [child(ID.info), child(ID.tracks)];
  if (segment === null || info === undefined || tracks === undefined) return null;
  const seek = segment.children.find((found) => isMarked(head, found, MARK.seek));
  const cues = segment.children.find((found) => isMarked(head, found, MARK.cues));
  const duration = [...elements(head, info.data, info.end)].find((found) => isMarked(head, found, MARK.duration));
  if (seek === undefined || duration === undefined || cues === undefined) return null;
  const fits = total(seek) === SEEK_ROOM && total(duration) === DURATION_ROOM && total(cues) === CUES_ROOM;
  return fits ? { segment, info, tracks, seek, duration, cues } : null;
}

function isMarked(bytes: Uint8Array, found: Element, wanted: Uint8Array): boolean {
  if (found.id !== ID.void || found.size < wanted.length) return false;
  return wanted.every((byte, index) => bytes[found.data + index] === byte);
}

/** Bytes of the whole element. */
function total(found: Element): number {
  return found.length + found.size;
}

function mark(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
