// Takes as tests begin them.

import type { Entry } from "../../src/spool/journal.js";
import type { Manifest } from "../../src/types.js";

export const manifest: Manifest = {
  version: 1,
  started_at: "2026-11-22T05:00:00.000Z",
  clock: { offset_ms: 0, uncertainty_ms: 5 },
  gaps: [],
  capture: { mime_type: "video/webm;codecs=vp9", video_bits_per_second: 500_000 },
  ended: "stopped",
};

export function beginning(startedAt = 1_000, track = "webcam"): Extract<Entry, { at: "begun" }> {
  return { at: "begun", track, contentType: "video/webm;codecs=vp9", startedAt, manifest };
}
