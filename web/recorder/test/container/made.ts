/** Builds small Matroska files, to have what no browser at hand records. */

import { ID, concat, element, uint } from "../../src/container/ebml.js";

/** The recorder's head: one video track (1) and one of sound (2), the former with 40 ms to a frame. */
export function madeHead(timestampScale = 1_000_000): Uint8Array {
  const info = element(ID.info, element(ID.timestampScale, uint(timestampScale)));
  return concat([element(ID.ebml), openSegment, info, element(ID.tracks, track(1, 1, 40_000_000), track(2, 2, 0))]);
}

/** A Segment of unknown size. */
export const openSegment = concat([uint(ID.segment), Uint8Array.of(0xff)]);

function track(number: number, type: number, defaultDuration: number): Uint8Array {
  return element(
    ID.trackEntry,
    element(ID.trackNumber, uint(number)),
    element(ID.trackType, uint(type)),
    element(ID.defaultDuration, uint(defaultDuration)),
  );
}

/** A cluster whose size is known. */
export function cluster(ticks: number, ...children: readonly Uint8Array[]): Uint8Array {
  return element(ID.cluster, element(ID.timestamp, uint(ticks)), ...children);
}

/** A cluster of unknown size, as browsers write them. */
export function openCluster(ticks: number, ...children: readonly Uint8Array[]): Uint8Array {
  return concat([uint(ID.cluster), Uint8Array.of(0xff), element(ID.timestamp, uint(ticks)), ...children]);
}

/** A block that stands alone. */
export function simpleBlock(number: number, ticks: number, key: boolean): Uint8Array {
  return element(ID.simpleBlock, block(number, ticks, key ? 0x80 : 0));
}

/** A block with what belongs to it. */
export function blockGroup(number: number, ticks: number, ...more: readonly Uint8Array[]): Uint8Array {
  return element(ID.blockGroup, element(ID.block, block(number, ticks, 0)), ...more);
}

function block(number: number, ticks: number, flags: number): Uint8Array {
  return Uint8Array.of(0x80 | number, (ticks >> 8) & 0xff, ticks & 0xff, flags, 1, 2, 3);
}
