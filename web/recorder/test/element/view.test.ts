import { describe, expect, it } from "vitest";

import { textsFor } from "../../src/element/texts.js";
import { view, type View } from "../../src/element/view.js";
import { NOTHING, show, step, type Report } from "../../src/state.js";
import { gap, sitting, take } from "../make.js";

const LOADED: readonly Report[] = [
  { kind: "sitting", sitting: sitting({ notice: { en: "Kept for 30 days.", ko: "30일 동안 보관합니다." } }) },
  { kind: "ready", takes: [] },
];
const RUNNING: readonly Report[] = [...LOADED, { kind: "live", track: "webcam", lowered: false }, { kind: "live", track: "screen", lowered: true }, { kind: "started" }];

function seen(language: string, ...reports: readonly Report[]): View {
  return view(show(reports.reduce(step, NOTHING)), textsFor(language), language);
}

describe("the element", () => {
  it("says before the start what is recorded and what the platform tells", () => {
    expect(seen("en-GB", ...LOADED)).toMatchObject({
      headline: "Ready to record.",
      lines: ["This exam records: Webcam, Screen.", "Kept for 30 days."],
      canStart: true,
      canStop: false,
      canRehearse: true,
    });
    expect(seen("ko-KR", ...LOADED).lines).toEqual(["이 시험에서 녹화하는 것: 웹캠, 화면.", "30일 동안 보관합니다."]);
  });

  it("offers to resume what can be resumed, and only that", () => {
    const { tracks, canStop } = seen("en", ...RUNNING, { kind: "interrupted", track: "webcam", local: null, gap: gap({ reason: "device_unplugged" }), canResume: true });
    expect(tracks).toEqual([
      { track: "webcam", text: "Webcam: interrupted. The camera or microphone is gone. Connect it again.", resume: "Resume: Webcam" },
      { track: "screen", text: "Screen: being recorded (at lower quality, to save room)", resume: null },
    ]);
    expect(canStop).toBe(true);
  });

  it("tells of risk only when it is news", () => {
    const at = (atRiskMs: number): Report => ({ kind: "uploads", takes: [take({ atRiskMs })], heldBy: "nothing", bytesPerS: null, remainingMs: null });
    expect(seen("en", ...RUNNING, at(20_000)).lines).toEqual([]);
    expect(seen("en", ...RUNNING, at(44_000)).lines).toEqual(["40 s are only on this computer so far."]);
    expect(seen("en", ...RUNNING, at(0), { kind: "online", online: false }).lines).toEqual(["You are offline. Recording goes on and is sent later."]);
  });

  it("says how long the rest takes, then that the tab may be closed, with the receipts", () => {
    const rest: Report = { kind: "uploads", takes: [take({ status: "ended" })], heldBy: "nothing", bytesPerS: 1, remainingMs: 61_000 };
    expect(seen("en", ...RUNNING, rest, { kind: "stopped" }).lines).toEqual(["About 2 min left."]);
    const done: Report = { ...rest, takes: [take({ status: "sealed", receipt: "a.b.c" })] };
    expect(seen("en", ...RUNNING, done, { kind: "stopped" })).toMatchObject({
      headline: "Everything has arrived.",
      lines: ["You may close this tab."],
      receipts: [{ label: "Save receipt: Webcam 1", fileName: "01A.jws", receipt: "a.b.c" }],
    });
  });

  it("has its own words for a problem, and else the server's", () => {
    const alert = (code: string): string | null => seen("ko", { kind: "trouble", problem: { code, detail: "as the server said" } }).alert;
    expect(alert("camera_busy")).toMatch(/다른 프로그램이 카메라/);
    expect(alert("too_many_takes")).toBe("as the server said");
    expect(seen("en", ...LOADED).alert).toBeNull();
  });
});
