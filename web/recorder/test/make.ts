/** Things that tests need in good shape, each with what the test is about set by hand. */

import type { Gap, Sitting, TakeState } from "../src/types.js";

export const CAPTURE = { width: 640, height: 480, frameRate: 15, videoBitsPerSecond: 500_000, audioBitsPerSecond: 32_000, wholeMonitor: false };
export const SCREEN = { width: 1280, height: 720, frameRate: 5, videoBitsPerSecond: 300_000, audioBitsPerSecond: null, wholeMonitor: true };

export function sitting(change: Partial<Sitting> = {}): Sitting {
  return {
    exam: { id: "spring", title: "Spring" },
    subject: { id: "coding", title: null },
    candidate: "c1",
    bellAt: 2_000_000,
    salvageAt: null,
    retentionDays: 30,
    notice: {},
    tracks: [
      { track: "webcam", capture: CAPTURE },
      { track: "screen", capture: SCREEN },
    ],
    recordings: [],
    afterCrash: "next_take",
    clock: { offsetMs: 12, uncertaintyMs: 3 },
    ...change,
  };
}

export function take(change: Partial<TakeState> = {}): TakeState {
  return {
    local: "a",
    track: "webcam",
    take: 1,
    recording: "01A",
    status: "recording",
    startedAt: 1_000,
    recordedMs: 0,
    recordedBytes: 0,
    storedBytes: 0,
    atRiskMs: 0,
    gaps: [],
    receipt: null,
    problem: null,
    ...change,
  };
}

export function gap(change: Partial<Gap> = {}): Gap {
  return { reason: "share_stopped", fromAt: 5_000, toAt: null, ...change };
}
