import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { FIRST_PACE, healthOf, pace, type CallSample, type Pace } from "../../src/call/pacer.js";
import { sampleOf } from "../../src/call/watch.js";

const WELL = { roundTripMs: 40, lost: 0, jitterMs: 5, availableBitsPerS: 2_000_000 };
const SUFFERING = { roundTripMs: 900, lost: 0.12, jitterMs: 80, availableBitsPerS: 150_000 };
const WORSE = { ...WELL, roundTripMs: 130, lost: 0.03 };

/** A call beside uploads, second by second; answers the limits. */
function run(seconds: number, call: (second: number, limit: number | null) => Omit<CallSample, "atMs">, from: Pace = FIRST_PACE): Pace[] {
  const paces: Pace[] = [];
  let now = from;
  for (let second = 0; second < seconds; second += 1) {
    now = pace(now, { ...call(second, now.limit), atMs: second * 1_000 }, null);
    paces.push(now);
  }
  return paces;
}

const PART = 5 * 1024 * 1024;

/**
 * Ten minutes of a call beside uploads that always have a part to send, on a line of so many bytes per second: while a part is
 * on its way the call is as `during` says. A part is cut off when the call pauses it.
 */
function beside(line: number, during: Omit<CallSample, "atMs">): { disturbedS: number; sent: number } {
  let [now, left, begunAt, measured, sent, disturbedS]: [Pace, number, number, number | null, number, number] = [FIRST_PACE, 0, -Infinity, null, 0, 0];
  for (let second = 0; second < 600; second += 1) {
    const { limit } = now;
    if (left === 0 && limit !== 0 && second - begunAt >= PART / (limit ?? Infinity)) [left, begunAt] = [PART, second];
    const isBusy = left > 0;
    if (isBusy) disturbedS += 1;
    now = pace(now, { ...(isBusy ? during : WELL), atMs: second * 1_000 }, measured);
    if (isBusy && left <= line) [sent, measured] = [sent + PART, line];
    left = now.limit === 0 ? 0 : Math.max(0, left - line);
  }
  return { disturbedS, sent };
}

describe("uploads beside a call", () => {
  it("begin slowly and end unlimited on a line with room for both", () => {
    const limits = run(60, () => WELL).map(({ limit }) => limit);
    expect(limits[0]).toBeLessThan(100 * 1024);
    expect(limits.at(-1)).toBeNull();
  });

  it("pause at once when the call suffers, and only come back when it has recovered", () => {
    const paces = run(30, (second) => (second >= 10 && second < 15 ? SUFFERING : WELL));
    expect(paces[9]?.limit).not.toBe(0);
    expect(paces.slice(10, 19).map(({ limit }) => limit)).toEqual(Array(9).fill(0));
    expect(paces.at(-1)?.limit).toBeGreaterThan(0);
  });

  it("keep up with a webcam and a screen on a line of 20 Mbit/s, and disturb the call for a twentieth of the time", () => {
    const { disturbedS, sent } = beside(2_500_000, WORSE);
    expect(sent / 600).toBeGreaterThan(100_000);
    expect(disturbedS / 600).toBeLessThan(0.08);
  });

  it("nearly stop on a line on which every part makes the call suffer", () => {
    const { disturbedS } = beside(375_000, SUFFERING);
    expect(disturbedS / 600).toBeLessThan(0.02);
  });

  it("are free soon on a line that bears them", () => {
    expect(beside(10_000_000, WELL).sent).toBeGreaterThan(500 * PART);
  });

  it("are never disturbed by what a browser does not say", () => {
    const silent = { roundTripMs: null, lost: null, jitterMs: null, availableBitsPerS: null };
    expect(run(60, () => silent).at(-1)?.limit).toBeNull();
  });

  it("take a line that has become slower for what it is in the end", () => {
    const paces = run(1_800, (second) => (second < 60 ? WELL : { ...WELL, roundTripMs: 140 }));
    expect(paces.at(-1)?.limit).toBeNull();
  });
});

describe("the pacer on any call", () => {
  const someSample = fc.record({
    roundTripMs: fc.option(fc.integer({ min: 1, max: 3_000 })),
    lost: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    jitterMs: fc.option(fc.integer({ min: 0, max: 500 })),
    availableBitsPerS: fc.option(fc.integer({ min: 1, max: 50_000_000 })),
  });

  it("never answers nonsense, pauses whenever the call suffers and never rises then", () => {
    fc.assert(
      fc.property(fc.array(someSample, { maxLength: 80 }), fc.option(fc.integer({ min: 1, max: 10_000_000 })), (samples, uploaded) => {
        let now = FIRST_PACE;
        samples.forEach((sample, second) => {
          const before = now;
          now = pace(before, { ...sample, atMs: second * 1_000 }, uploaded);
          expect(now.limit === null || (Number.isFinite(now.limit) && now.limit >= 0)).toBe(true);
          const health = healthOf({ ...sample, atMs: 0 }, now.usual);
          if (health === "suffering") expect(now.limit).toBe(0);
          if (health !== "well") expect(now.limit ?? Infinity).toBeLessThanOrEqual(before.limit ?? Infinity);
        });
      }),
    );
  });
});

describe("a sample", () => {
  it("is read from the statistics by their standard names, the worst of each", () => {
    const report = new Map<string, unknown>([
      ["p1", { type: "candidate-pair", nominated: true, state: "succeeded", currentRoundTripTime: 0.05, availableOutgoingBitrate: 900_000 }],
      ["p2", { type: "candidate-pair", nominated: false, state: "waiting", currentRoundTripTime: 9 }],
      ["r1", { type: "remote-inbound-rtp", kind: "audio", fractionLost: 0.01, jitter: 0.004, roundTripTime: 0.06 }],
      ["r2", { type: "remote-inbound-rtp", kind: "video", fractionLost: 0.03, jitter: 0.002 }],
      ["t", { type: "transport", bytesSent: 12 }],
    ]);
    expect(sampleOf(report, 7)).toEqual({ atMs: 7, roundTripMs: 60, lost: 0.03, jitterMs: 4, availableBitsPerS: 900_000 });
  });

  it("has nothing where the browser says nothing", () => {
    expect(sampleOf(new Map(), 7)).toEqual({ atMs: 7, roundTripMs: null, lost: null, jitterMs: null, availableBitsPerS: null });
  });
});
