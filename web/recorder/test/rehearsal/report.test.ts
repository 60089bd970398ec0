import { describe, expect, it } from "vitest";

import { finish, lengthOf, needed } from "../../src/rehearsal/forecast.js";
import { check, report } from "../../src/rehearsal/report.js";
import { TEXTS, VERDICTS } from "../../src/rehearsal/texts.js";
import { sitting } from "../make.js";

const NONE = { uplinkBytesPerS: null, neededBytesPerS: null, finishMs: null };
const PARTS = 2 * 5 * 1024 * 1024;

describe("the verdict", () => {
  it("is as bad as the worst check", () => {
    const good = check("server", "server_answers");
    const warning = check("room", "room_short");
    const bad = check("camera", "camera_denied");
    expect(report([good], NONE).verdict).toBe("ready");
    expect(report([good, warning], NONE).verdict).toBe("warning");
    expect(report([bad, warning, good], NONE).verdict).toBe("not_ready");
  });

  it("speaks two languages, and says what to do wherever something is wrong", () => {
    for (const { en, ko } of [...Object.values(TEXTS), ...Object.values(VERDICTS)]) {
      expect(en).toMatch(/^[A-Z][\x20-\x7e]+\.$/);
      expect(ko).toMatch(/[가-힣].*\.$/);
    }
    const wrong = Object.entries(TEXTS).filter(([, { outcome }]) => outcome === "bad");
    for (const [code, { en }] of wrong) expect(en.split(/[.:,]\s/).length, code).toBeGreaterThan(1);
  });
});

describe("the forecast", () => {
  it("needs what all tracks record together", () => {
    expect(needed(sitting())).toBe((500_000 + 32_000 + 300_000) / 8);
  });

  it("goes to the bell where that is today's, and else to a usual exam's length", () => {
    const bellAt = 10_000_000_000;
    expect(lengthOf(sitting({ bellAt }), bellAt - 3_600_000)).toBe(3_600_000);
    expect(lengthOf(sitting({ bellAt }), bellAt - 86_400_000)).toBe(7_200_000);
    expect(lengthOf(sitting({ bellAt }), bellAt + 1)).toBe(7_200_000);
    expect(lengthOf(sitting({ bellAt: null }), 0)).toBe(7_200_000);
  });

  it("is the last parts on a fast line, and what has piled up on a slow one", () => {
    expect(finish(1_000_000, 100_000, 7_200_000, 2)).toBe(Math.round(PARTS / 1_000));
    expect(finish(50_000, 100_000, 3_600_000, 2)).toBe(Math.round((50_000 * 3_600 + PARTS) / 50));
  });
});
