/** How much a recording needs of line and room, and when it would be finished. Pure. */

import type { Sitting } from "../types.js";

/** Bytes: the smallest part, as S3 wants it; at the end each track has one unfinished. */
const PART = 5 * 1024 * 1024;
/** Milliseconds: how long an exam is taken to be where its bell does not say. */
const USUAL_MS = 2 * 60 * 60 * 1000;
const LONGEST_MS = 12 * 60 * 60 * 1000;

/** Bytes per second that all tracks record. */
export function needed(sitting: Sitting): number {
  const bits = sitting.tracks.map(({ capture }) => capture.videoBitsPerSecond + (capture.audioBitsPerSecond ?? 0));
  return bits.reduce((sum, each) => sum + each, 0) / 8;
}

/** How long it will be recorded, in milliseconds: to the bell, where that is near enough to be today's exam. */
export function lengthOf(sitting: Sitting, now: number): number {
  const toBell = sitting.bellAt === null ? USUAL_MS : sitting.bellAt - now;
  return toBell > 0 && toBell <= LONGEST_MS ? toBell : USUAL_MS;
}

/** Milliseconds from the end to the last receipt on a line of so many bytes per second: what has piled up, and the last parts. */
export function finish(uplinkBytesPerS: number, neededBytesPerS: number, lengthMs: number, tracks: number): number {
  const backlog = (Math.max(0, neededBytesPerS - uplinkBytesPerS) * lengthMs) / 1000;
  return Math.round(((backlog + tracks * PART) / uplinkBytesPerS) * 1000);
}
