/** How far a track is lowered when room runs out. Pure; knows no recorder. */

import type { CaptureSettings } from "../types.js";

/** Steps below what the exam asks for; 0 is what it asks for. */
export type Level = 0 | 1 | 2;

/**
 * Share of the bits kept at each step. A half is hardly seen at these rates, a quarter still shows who sits there; below
 * that a picture proves nothing.
 */
const SHARE: Record<Level, number> = { 0: 1, 1: 0.5, 2: 0.25 };

/** Sound is what a reviewer misses first and costs least: it is never lowered below what speech needs. */
const SPEECH_BITS_PER_SECOND = 16_000;

/** The settings of a track at this step. */
export function lowered(capture: CaptureSettings, level: Level): CaptureSettings {
  const { audioBitsPerSecond } = capture;
  return {
    ...capture,
    videoBitsPerSecond: Math.round(capture.videoBitsPerSecond * SHARE[level]),
    audioBitsPerSecond:
      audioBitsPerSecond === null
        ? null
        : Math.max(Math.min(audioBitsPerSecond, SPEECH_BITS_PER_SECOND), Math.round(audioBitsPerSecond * SHARE[level])),
  };
}

/** The step after this news of the spool's room. It never goes up again: each change costs a take. */
export function levelAfter(level: Level, room: "enough" | "low" | "full"): Level {
  if (room === "low") return level === 0 ? 1 : level;
  return room === "full" ? 2 : level;
}
