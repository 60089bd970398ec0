import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { bestOf, ServerClock } from "../../src/sitting/clock.js";

const ms = fc.integer({ min: 0, max: 60_000 });

describe("the offset", () => {
  it("is never further from the truth than its uncertainty says, whatever the line does", () => {
    const trip = fc.record({ sentMs: ms, thereMs: ms, backMs: ms });
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.array(trip, { minLength: 1, maxLength: 5 }), (truth, trips) => {
        const best = bestOf(
          trips.map(({ sentMs, thereMs, backMs }) => ({
            sentMs,
            receivedMs: sentMs + thereMs + backMs,
            serverTime: sentMs + thereMs + truth,
          })),
        );
        expect(Math.abs((best?.offsetMs ?? Infinity) - truth)).toBeLessThanOrEqual(best?.uncertaintyMs ?? 0);
        expect(best?.uncertaintyMs).toBe(Math.min(...trips.map(({ thereMs, backMs }) => (thereMs + backMs) / 2)));
      }),
    );
  });

  it("is nothing without a round trip", () => {
    expect(bestOf([])).toBeNull();
  });
});

describe("the server's clock", () => {
  it("goes by the monotonic clock, whatever is done to the wall clock", () => {
    const now = { mono: 1_000, wall: 50_000 };
    const clock = new ServerClock({ mono: () => now.mono, wall: () => now.wall });
    expect(clock.now()).toBe(50_000);
    clock.set({ offsetMs: 99_000, uncertaintyMs: 5 });
    expect(clock.now()).toBe(100_000);
    expect(clock.offset()).toEqual({ offsetMs: 50_000, uncertaintyMs: 5 });
    now.mono += 500;
    now.wall -= 7_000;
    expect(clock.now()).toBe(100_500);
    expect(clock.at(1_200)).toBe(100_200);
    expect(clock.offset().offsetMs).toBe(57_500);
  });

  it("catches up what a sleeping machine skipped", () => {
    const clock = new ServerClock({ mono: () => 1_000, wall: () => 50_000 });
    clock.skip(8_000);
    expect(clock.now()).toBe(58_000);
  });
});
