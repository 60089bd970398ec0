import { describe, expect, it } from "vitest";

import { durableUntil, leftOf } from "../src/takes.js";
import { take } from "./make.js";

describe("what an earlier page left", () => {
  it("is continued from its last durable frame", () => {
    const takes = [take({ local: "a", recordedMs: 500 }), take({ local: "b", startedAt: 3_000, recordedMs: 700 }), take({ local: "s", track: "screen" })];
    expect(leftOf(takes, "webcam")).toEqual({ local: "b", reason: "page_closed", endedAt: 3_700 });
    expect(leftOf(takes, "desk")).toBeNull();
  });

  it("is continued without a gap where only the server knows of it", () => {
    expect(leftOf([take({ local: "01A", startedAt: null })], "webcam")).toEqual({ local: "01A", reason: null, endedAt: 0 });
  });
});

describe("a track that is being recorded", () => {
  it("is durable up to what the worker has written", () => {
    expect(durableUntil([take({ status: "ended" }), take({ startedAt: 3_000, recordedMs: 700 })], "webcam")).toBe(3_700);
    expect(durableUntil([take({ status: "ended" })], "webcam")).toBeNull();
  });
});
