/**
 * Reads a WebM or Matroska file as it passes and says where a player can seek to and how long it plays. Keeps no media:
 * of a frame it looks at the first few bytes. `handin_core::container::Scanner` is its twin and reads the same files.
 */

import { HEAD_SIZE, type Point } from "./container.js";
import { ID, type Element, elementAt, readHeader, readUint, readVint } from "./ebml.js";
import { DEFAULT_TIMESTAMP_SCALE, type Tracks, readTimestampScale, readTracks } from "./tracks.js";

/** What a Segment holds (RFC 9559, 5.1); any of them ends a cluster of unknown size. */
const SEGMENT_CHILDREN: ReadonlySet<number> = new Set([
  ID.seekHead, ID.info, ID.tracks, ID.cluster, ID.cues, ID.tags, ID.chapters, ID.attachments,
]);

/** Elements that tell places in the file, which are others once something was put in front of them. */
const TELLS_PLACES: ReadonlySet<number> = new Set([ID.seekHead, ID.cues, ID.position, ID.prevSize]);

/**
 * How many bytes of an element's payload must be here before it is read. A block begins with a track number of up to 8
 * bytes, a 16-bit time and a byte of flags (RFC 9559, 10.1); a number has up to 8 bytes.
 */
const LOOKED_AT: ReadonlyMap<number, number> = new Map([
  [ID.simpleBlock, 11], [ID.block, 11], [ID.timestamp, 8], [ID.blockDuration, 8],
]);

/** The flag of a block that can be played by itself (RFC 9559, 10.2). */
const KEY_FRAME = 0x80;

const NANOSECONDS_IN_MS = 1_000_000;

const NO_TRACKS: Tracks = { pointTrack: 0, isVideo: false, defaultDurations: new Map() };

/** A frame whose end has not passed yet. */
interface Frame {
  track: number;
  ticks: number;
  key: boolean;
  durationTicks: number;
  readonly end: number;
}

/** What a window of the file held. */
export interface Scanned {
  /** How many of its bytes were read; the others are to be shown again, with more behind them. */
  readonly used: number;
  readonly points: readonly Point[];
  /** Headers of elements that tell places, by their place in the window. */
  readonly placeTellers: readonly Element[];
}

/** A cluster that is being read; places are bytes from the start of the file. */
interface Cluster {
  readonly at: number;
  readonly end: number;
  ticks: number;
  hasPoint: boolean;
}

/** Reads one file from its first byte on. */
export class Scanner {
  #durationMs = 0;
  #lost = false;
  /** Where in the file the next byte stands. */
  #place = 0;
  /** Bytes of payload still to come that are of no interest. */
  #skip = 0;
  #segmentEnd: number | null = null;
  #cluster: Cluster | null = null;
  #frame: Frame | null = null;
  #timestampScale = DEFAULT_TIMESTAMP_SCALE;
  #tracks: Tracks = NO_TRACKS;
  #points: Point[] = [];
  #placeTellers: Element[] = [];

  /** Playing time of the frames that are complete, in milliseconds. */
  get durationMs(): number {
    return this.#durationMs;
  }

  /** Reads the next bytes: those that the last call left, and more. Behind a place that makes no sense it looks at nothing. */
  scan(window: Uint8Array): Scanned {
    let used = 0;
    while (!this.#lost) {
      const passed = Math.min(this.#skip, window.length - used);
      this.#skip -= passed;
      used += this.#pass(passed);
      const read = this.#skip > 0 ? 0 : this.#element(window, used);
      if (read === 0) break;
      used += this.#pass(read);
    }
    const found = { used: this.#lost ? window.length : used, points: this.#points, placeTellers: this.#placeTellers };
    this.#points = [];
    this.#placeTellers = [];
    return found;
  }

  /** Steps over bytes that were read, and closes what ends there. */
  #pass(bytes: number): number {
    this.#place += bytes;
    if (this.#frame !== null && this.#place >= this.#frame.end) this.#closeFrame(this.#frame);
    if (this.#cluster !== null && this.#place >= this.#cluster.end) this.#cluster = null;
    return bytes;
  }

  /** Reads one header and what belongs to it; answers how many bytes that were, 0 if they are not all here. */
  #element(window: Uint8Array, at: number): number {
    const header = readHeader(window, at);
    if (header === "incomplete") return 0;
    if (header === "invalid") return this.#lose();
    const element = elementAt(header, at);
    if ((header.id === ID.ebml) !== (this.#place === 0)) return this.#lose();
    if (SEGMENT_CHILDREN.has(header.id)) this.#cluster = null;
    if (this.#place + header.length + header.size > this.#parentEnd() && header.size !== Infinity) return this.#lose();
    if (this.#segmentEnd === null) return this.#inFile(element);
    return this.#cluster === null ? this.#inSegment(window, element) : this.#inCluster(window, element, this.#cluster);
  }

  #parentEnd(): number {
    return this.#frame?.end ?? this.#cluster?.end ?? this.#segmentEnd ?? Infinity;
  }

  #inFile(element: Element): number {
    if (element.id !== ID.segment) return this.#stepOver(element);
    this.#segmentEnd = this.#place + element.length + element.size;
    return element.length;
  }

  #inSegment(window: Uint8Array, element: Element): number {
    this.#notePlaceTeller(element);
    if (element.id === ID.cluster) {
      const end = this.#place + element.length + element.size;
      this.#cluster = { at: this.#place, end, ticks: 0, hasPoint: false };
      return element.length;
    }
    if (element.id !== ID.info && element.id !== ID.tracks) return this.#stepOver(element);
    if (element.size > HEAD_SIZE) return this.#lose();
    if (element.end > window.length) return 0;
    if (element.id === ID.info) this.#timestampScale = readTimestampScale(window, element);
    else this.#tracks = readTracks(window, element);
    return element.length + element.size;
  }

  #inCluster(window: Uint8Array, element: Element, cluster: Cluster): number {
    if (window.length < element.data + Math.min(element.size, LOOKED_AT.get(element.id) ?? 0)) return 0;
    const end = this.#place + element.length + element.size;
    this.#notePlaceTeller(element);
    if (element.id === ID.timestamp) cluster.ticks = numberOf(window, element);
    if (element.id === ID.simpleBlock || element.id === ID.blockGroup) {
      this.#frame = { track: 0, ticks: 0, key: true, durationTicks: 0, end };
    }
    if (this.#frame !== null) readInto(this.#frame, window, element, cluster.ticks);
    if (element.id !== ID.blockGroup) return this.#stepOver(element);
    return element.size === Infinity ? this.#lose() : element.length;
  }

  /** Counts a frame that is complete. */
  #closeFrame(frame: Frame): void {
    this.#frame = null;
    if (frame.track === 0 || this.#cluster === null) return;
    const timeMs = Math.max(0, this.#toMs(frame.ticks));
    const declaredMs = (this.#tracks.defaultDurations.get(frame.track) ?? 0) / NANOSECONDS_IN_MS;
    const lengthMs = frame.durationTicks > 0 ? this.#toMs(frame.durationTicks) : declaredMs;
    this.#durationMs = Math.max(this.#durationMs, timeMs + lengthMs);
    const canStart = frame.track === this.#tracks.pointTrack && (frame.key || !this.#tracks.isVideo);
    if (!canStart || this.#cluster.hasPoint) return;
    this.#cluster.hasPoint = true;
    this.#points.push({ timeMs, offset: this.#cluster.at });
  }

  #notePlaceTeller(element: Element): void {
    if (TELLS_PLACES.has(element.id) && element.size !== Infinity) this.#placeTellers.push(element);
  }

  #toMs(ticks: number): number {
    return (ticks * this.#timestampScale) / NANOSECONDS_IN_MS;
  }

  #stepOver(element: Element): number {
    if (element.size === Infinity) return this.#lose();
    this.#skip = element.size;
    return element.length;
  }

  #lose(): number {
    this.#lost = true;
    return 0;
  }
}

/** Reads what one element says about the frame it belongs to. */
function readInto(frame: Frame, window: Uint8Array, element: Element, clusterTicks: number): void {
  if (element.id === ID.blockDuration) frame.durationTicks = numberOf(window, element);
  if (element.id === ID.referenceBlock) frame.key = false;
  if (element.id !== ID.simpleBlock && element.id !== ID.block) return;
  const track = readVint(window, element.data);
  const time = element.data + (track?.length ?? 0);
  const flags = window[time + 2];
  if (track === null || flags === undefined || time + 3 > element.end || !Number.isFinite(track.value)) return;
  frame.track = track.value;
  frame.ticks = clusterTicks + ((readUint(window, time, 2) << 16) >> 16);
  if (element.id === ID.simpleBlock) frame.key = (flags & KEY_FRAME) !== 0;
}

/** The number that an element holds; longer ones than EBML allows count as 0. */
function numberOf(window: Uint8Array, element: Element): number {
  return element.size <= 8 ? readUint(window, element.data, element.size) : 0;
}
