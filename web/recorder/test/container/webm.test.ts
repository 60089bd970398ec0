import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import { rewriterFor } from "../../src/container/index.js";
import { decode, matroska, mp4, packetHashes, probe, sample } from "../support/samples.js";
import { differences, finish, isSame, rewrite } from "./support.js";

// Dozens of ffmpeg processes; on a busy machine each takes a second.
vi.setConfig({ testTimeout: 60_000 });

describe.each(matroska)("%s", (name) => {
  const recording = sample(name);
  const whole = rewrite(recording, [recording.length]);
  const finished = finish(whole);

  test("comes out the same however it is sliced", () => {
    expect(differences(rewrite(recording, [1]), whole)).toEqual([]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        expect(differences(rewrite(recording, sizes), whole)).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  test("keeps every packet and its time", () => {
    expect(packetHashes(finished)).toBe(packetHashes(recording));
  });

  test("decodes without a complaint to as many frames, before and after its head is finished", () => {
    const before = decode(recording);
    expect(before.complaints).toBe("");
    expect(decode(whole.file)).toEqual(before);
    expect(decode(finished)).toEqual(before);
  });

  test("says how long it plays", () => {
    const { packets, durationS } = probe(finished);
    const last = Math.max(...packets.map((packet) => packet.ptsS));
    expect(durationS * 1000).toBeCloseTo(whole.durationMs ?? 0, 3);
    expect(durationS).toBeGreaterThanOrEqual(last);
    expect(durationS).toBeLessThan(last + 0.1);
  });

  test("has a point for the first key frame of each cluster that has one", () => {
    const { packets } = probe(recording);
    const type = packets.some((packet) => packet.type === "video") ? "video" : "audio";
    const startable = packets.filter((packet) => packet.type === type && (packet.isKey || type === "audio"));
    const times = startable.map((packet) => Math.round(packet.ptsS * 1000));
    expect(whole.points.length).toBeGreaterThan(0);
    // ffmpeg takes what an Opus encoder put in front (6.5 ms) from the times of sound; the file has them in it.
    const tolerance = type === "video" ? 0 : 7;
    for (const { timeMs } of whole.points) {
      expect(times.some((time) => Math.abs(time - timeMs) <= tolerance), `a frame at ${timeMs}`).toBe(true);
    }
    expect(Math.abs((whole.points[0]?.timeMs ?? -1) - (times[0] ?? 0))).toBeLessThanOrEqual(tolerance);
    if (type === "video") expect(whole.points.length).toBe(times.length);
  });

  test("plays to its end when it is cut anywhere", () => {
    const headLength = whole.points[0]?.offset ?? 0;
    const most = probe(finished).packets.length;
    let reached = 0;
    for (const share of [0.1, 0.37, 0.62, 0.93]) {
      const cut = Math.floor(headLength + (whole.file.length - headLength) * share);
      const { packets } = probe(whole.file.slice(0, cut));
      expect(packets.length).toBeGreaterThan(reached);
      expect(packets.length).toBeLessThan(most);
      reached = packets.length;
    }
  });
});

test("what is no WebM comes out as it went in", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 9 }), (bytes, size) => {
      fc.pre(bytes[0] !== 0x1a);
      expect(isSame(rewrite(bytes, [size]).file, bytes)).toBe(true);
    }),
  );
});

test("MP4 stays as it is", () => {
  const recording = sample(mp4);
  const taken = rewrite(recording, [999], rewriterFor("video/mp4;codecs=vp9,opus"));
  expect(differences(taken, { file: recording, points: [], durationMs: null })).toEqual([]);
  expect(isSame(finish(taken), recording)).toBe(true);
});
