/** What the head of a file says that is needed to read its clusters: the unit of time, and the tracks. */

import { ID, type Element, elements, readUint } from "./ebml.js";

/** Nanoseconds in a tick where the file does not say (RFC 9559, 5.1.2.9). */
export const DEFAULT_TIMESTAMP_SCALE = 1_000_000;

/** `TrackType` of a video track (RFC 9559, 5.1.4.1.3). */
const VIDEO = 1;

/** The tracks of a file. */
export interface Tracks {
  /** The number of the track whose key frames are seeked to: the first video track, else the first; 0 if there is none. */
  readonly pointTrack: number;
  /** Whether that is a video track; in others each frame can be played by itself. */
  readonly isVideo: boolean;
  /** How long a frame lasts, in nanoseconds by track number, where the file says so. */
  readonly defaultDurations: ReadonlyMap<number, number>;
}

/** Nanoseconds in a tick, from the payload of an Info element. */
export function readTimestampScale(bytes: Uint8Array, info: Element): number {
  return numberIn(bytes, info, ID.timestampScale) || DEFAULT_TIMESTAMP_SCALE;
}

/** The tracks, from the payload of a Tracks element. */
export function readTracks(bytes: Uint8Array, tracks: Element): Tracks {
  const entries = [...elements(bytes, tracks.data, tracks.end)]
    .filter((entry) => entry.id === ID.trackEntry)
    .map((entry) => ({
      number: numberIn(bytes, entry, ID.trackNumber),
      isVideo: numberIn(bytes, entry, ID.trackType) === VIDEO,
      defaultDuration: numberIn(bytes, entry, ID.defaultDuration),
    }));
  const chosen = entries.find((entry) => entry.isVideo) ?? entries[0];
  return {
    pointTrack: chosen?.number ?? 0,
    isVideo: chosen?.isVideo ?? false,
    defaultDurations: new Map(entries.map((entry) => [entry.number, entry.defaultDuration])),
  };
}

/** The number in the first child of that id; 0 where there is none. */
function numberIn(bytes: Uint8Array, parent: Element, id: number): number {
  for (const child of elements(bytes, parent.data, parent.end)) {
    if (child.id === id && child.size <= 8) return readUint(bytes, child.data, child.size);
  }
  return 0;
}
