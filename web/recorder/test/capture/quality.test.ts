import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { levelAfter, lowered, type Level } from "../../src/capture/quality.js";
import { CAPTURE, SCREEN } from "../make.js";

const rooms = fc.constantFrom<"enough" | "low" | "full">("enough", "low", "full");

describe("a lowered track", () => {
  it("keeps its size and rate and gives up bits", () => {
    expect(lowered(CAPTURE, 0)).toEqual(CAPTURE);
    expect(lowered(CAPTURE, 1)).toEqual({ ...CAPTURE, videoBitsPerSecond: 250_000, audioBitsPerSecond: 16_000 });
    expect(lowered(CAPTURE, 2)).toEqual({ ...CAPTURE, videoBitsPerSecond: 125_000, audioBitsPerSecond: 16_000 });
    expect(lowered(SCREEN, 2)).toEqual({ ...SCREEN, videoBitsPerSecond: 75_000 });
    expect(lowered({ ...CAPTURE, audioBitsPerSecond: 8_000 }, 2).audioBitsPerSecond).toBe(8_000);
  });

  it("never rises again, is lowered by the first low room and lowest after a full one", () => {
    fc.assert(
      fc.property(fc.array(rooms, { maxLength: 20 }), (news) => {
        let level: Level = 0;
        for (const room of news) {
          const next = levelAfter(level, room);
          expect(next).toBeGreaterThanOrEqual(level);
          level = next;
        }
        expect(level).toBe(news.includes("full") ? 2 : news.includes("low") ? 1 : 0);
      }),
    );
  });
});
