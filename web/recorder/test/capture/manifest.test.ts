import { describe, expect, it } from "vitest";

import { manifest } from "../../src/capture/manifest.js";
import { CAPTURE, gap, SCREEN } from "../make.js";

const NOTES = {
  startedAt: Date.UTC(2026, 4, 1, 10) + 0.4,
  clock: { offsetMs: 11.6, uncertaintyMs: 2.1 },
  contentType: "video/webm;codecs=vp9,opus",
  capture: CAPTURE,
  source: { width: 640, height: 360, frameRate: 14.9 },
  before: null,
  after: null,
  continues: null,
  ended: "page_closed",
} as const;

describe("the manifest", () => {
  it("says how to read the take, in what was captured in fact", () => {
    expect(manifest(NOTES)).toEqual({
      version: 1,
      started_at: "2026-05-01T10:00:00.000Z",
      clock: { offset_ms: 12, uncertainty_ms: 3 },
      gaps: [],
      capture: { mime_type: "video/webm;codecs=vp9,opus", width: 640, height: 360, frame_rate: 14.9, video_bits_per_second: 500_000, audio_bits_per_second: 32_000 },
      ended: "page_closed",
    });
  });

  it("has the gap before the take below zero and the one after it open", () => {
    const before = gap({ fromAt: NOTES.startedAt - 4_000, toAt: NOTES.startedAt });
    const after = gap({ reason: "asleep", fromAt: NOTES.startedAt + 60_000 });
    expect(manifest({ ...NOTES, before, after, continues: "01A", ended: "asleep" })).toMatchObject({
      gaps: [
        { reason: "share_stopped", from_ms: -4_000, to_ms: 0 },
        { reason: "asleep", from_ms: 60_000 },
      ],
      continues: "01A",
      ended: "asleep",
    });
  });

  it("leaves out what there is not: sound, a predecessor, what a browser does not tell", () => {
    const silent = manifest({ ...NOTES, capture: SCREEN, source: { displaySurface: "monitor" } });
    expect(silent.capture).toEqual({ mime_type: NOTES.contentType, video_bits_per_second: 300_000, display_surface: "monitor" });
    expect(silent).not.toHaveProperty("continues");
  });
});
