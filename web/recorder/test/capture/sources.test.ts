import { describe, expect, it } from "vitest";

import { isNotWholeMonitor, open, sourceOf } from "../../src/capture/sources.js";
import { RecorderError } from "../../src/problems.js";
import { CAPTURE, SCREEN } from "../make.js";

const codeOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => "opened", (error: unknown) => (error instanceof RecorderError ? error.code : error));

describe("a source", () => {
  it("is a screen for the track of that name and a camera for every other, unless it is said", () => {
    expect(sourceOf("screen", {}).from).toBe("screen");
    expect(sourceOf("webcam", {}).from).toBe("camera");
    expect(sourceOf("desk", {}).from).toBe("camera");
    expect(sourceOf("desk", { source: "screen" }).from).toBe("screen");
  });

  it("must be a whole monitor only where the exam asks for it and the browser says what it is", () => {
    expect(isNotWholeMonitor(SCREEN, { displaySurface: "monitor" })).toBe(false);
    expect(isNotWholeMonitor(SCREEN, { displaySurface: "window" })).toBe(true);
    expect(isNotWholeMonitor(SCREEN, { displaySurface: "browser" })).toBe(true);
    expect(isNotWholeMonitor(SCREEN, {})).toBe(false);
    expect(isNotWholeMonitor({ ...SCREEN, wholeMonitor: false }, { displaySurface: "window" })).toBe(false);
  });

  it("is not to be had on an insecure page, and says so of a page's own source", async () => {
    expect(await codeOf(open(undefined, CAPTURE, sourceOf("webcam", {})))).toBe("insecure_page");
    const own = sourceOf("webcam", { source: () => Promise.reject(new Error("no")) });
    expect(await codeOf(open(undefined, CAPTURE, own))).toBe("source_failed");
  });
});
