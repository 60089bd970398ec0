// Backoff, pace and the measurement of the line: arithmetic on a clock turned by hand.

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { paceOf } from "../../src/upload/engine.js";
import { type Limits, heldBy, nextStart, noPace, slots } from "../../src/upload/pace.js";
import { bytesPerS, withSample } from "../../src/upload/rate.js";
import { atOnce, failed, fresh, held } from "../../src/upload/retry.js";

const MIB = 1024 * 1024;
const free: Limits = { pace: noPace, call: null, online: true };

describe("retry", () => {
  test("waits between nothing and twice as long as before, thirty seconds at most", () => {
    let retry = fresh;
    const longest = [];
    for (let failure = 0; failure < 9; failure += 1) {
      retry = failed(retry, 0, 1);
      longest.push(retry.at);
      expect(failed(fresh, 0, 0).at).toBe(0);
    }
    expect(longest).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  test("beyond ten minutes of failures it waits longer, and goes on", () => {
    let retry = failed(fresh, 0, 1);
    for (let failure = 0; failure < 8; failure += 1) retry = failed(retry, 600_000, 1);
    expect(retry.at).toBe(600_000 + 128_000);
    for (let failure = 0; failure < 90; failure += 1) retry = failed(retry, 600_000, 1);
    expect(retry.at).toBe(600_000 + 300_000);
  });

  test("never comes back before Retry-After", () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.double({ min: 0, max: 0.999, noNaN: true }), (retryAfterMs, chance) => {
        expect(failed(fresh, 5_000, chance, retryAfterMs).at).toBeGreaterThanOrEqual(5_000 + retryAfterMs);
      }),
    );
  });

  test("is not counted while others go first, however long that lasts", () => {
    let retry = failed(fresh, 0, 1);
    for (let turn = 0; turn < 100; turn += 1) retry = held(retry, 3_600_000, 0.5, 20_000);
    expect(retry).toEqual({ failures: 1, since: 0, at: 3_600_000 + 20_250 });
  });

  test("can be told to try at once, but not to have failed less", () => {
    const retry = atOnce(failed(fresh, 0, 1, 60_000), 1_000);
    expect(retry).toMatchObject({ at: 1_000, failures: 1 });
  });
});

describe("pace", () => {
  test("two parts at once, one where the line is limited, none where the server says so", () => {
    expect(slots(free)).toBe(2);
    expect(slots({ ...free, call: 50_000 })).toBe(1);
    expect(slots({ ...free, pace: { ...noPace, parallel: 1 } })).toBe(1);
    expect(slots({ ...free, pace: { ...noPace, parallel: 0 } })).toBe(0);
  });

  test("a limit is kept by the pause between two parts, and ends with its word", () => {
    const last = { at: 10_000, bytes: 5 * MIB };
    const limited = { ...free, pace: { ...noPace, maxBytesPerS: MIB } };
    expect(nextStart(limited, last)).toBe(15_000);
    expect(nextStart({ ...limited, call: MIB / 2 }, last)).toBe(20_000);
    expect(nextStart(free, last)).toBe(10_000);
    expect(nextStart({ ...free, call: 0 }, last)).toBe(Infinity);
  });

  test("says who holds bytes back", () => {
    const last = { at: 10_000, bytes: 5 * MIB };
    const slow = { ...noPace, maxBytesPerS: MIB };
    expect(heldBy({ ...free, online: false }, last, 11_000)).toBe("offline");
    expect(heldBy({ ...free, call: 0 }, last, 11_000)).toBe("call");
    expect(heldBy({ ...free, pace: slow }, last, 11_000)).toBe("server");
    expect(heldBy({ ...free, pace: slow }, last, 16_000)).toBe("nothing");
    expect(heldBy({ ...free, pace: { ...noPace, notBefore: 12_000 } }, last, 11_000)).toBe("server");
  });

  test("the server's moments are on the server's clock", () => {
    const moment = "2026-11-22T05:00:10.000Z";
    const now = Date.parse("2026-11-22T05:00:00.000Z");
    expect(paceOf({ not_before: moment }, now, 4_000).notBefore).toBe(now + 6_000);
    expect(paceOf({ retry_after_s: 30 }, now, 4_000).notBefore).toBe(now + 30_000);
    expect(paceOf(undefined, now, 4_000)).toEqual(noPace);
  });
});

describe("the line", () => {
  test("parts that overlap share it, and the time between them does not count", () => {
    const samples = [
      { from: 0, to: 2_000, bytes: MIB },
      { from: 1_000, to: 3_000, bytes: MIB },
      { from: 60_000, to: 61_000, bytes: 2 * MIB },
    ].reduce(withSample, []);
    expect(bytesPerS(samples)).toBe(MIB);
    expect(bytesPerS([])).toBeNull();
  });

  test("small parts measure the round trip and are left out", () => {
    expect(withSample([], { from: 0, to: 500, bytes: 1_000 })).toEqual([]);
  });
});
