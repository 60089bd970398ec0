import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { lapse } from "../../src/capture/life.js";

const at = (monoMs: number, wallMs: number): { monoMs: number; wallMs: number } => ({ monoMs, wallMs });

describe("a lapse", () => {
  it("is none while the timer comes about when it should", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_000 }), fc.integer({ min: -1e9, max: 2_500 }), (passed, drift) => {
        expect(lapse(at(0, 0), at(passed, passed + drift), false)).toBeNull();
      }),
    );
  });

  it("is sleep where the wall clock ran ahead of a monotonic one that stood still", () => {
    expect(lapse(at(5_000, 0), at(6_000, 3_601_000), false)).toEqual({ reason: "asleep", fromMono: 5_000, skippedMs: 3_600_000 });
  });

  it("is sleep where both ran on and only the timer stood still", () => {
    expect(lapse(at(5_000, 0), at(45_000, 40_000), false)).toEqual({ reason: "asleep", fromMono: 5_000, skippedMs: 0 });
  });

  it("is a freeze where the browser said so, however short", () => {
    expect(lapse(at(0, 0), at(2_000, 2_000), true)).toEqual({ reason: "frozen", fromMono: 0, skippedMs: 0 });
  });

  it("is sleep where a frozen page's machine slept too", () => {
    expect(lapse(at(0, 0), at(2_000, 60_000), true)).toEqual({ reason: "asleep", fromMono: 0, skippedMs: 58_000 });
  });

  it("is none when somebody sets the wall clock back", () => {
    expect(lapse(at(0, 3_600_000), at(1_000, 0), false)).toBeNull();
  });
});
