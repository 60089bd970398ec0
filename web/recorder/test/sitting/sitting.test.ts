import { describe, expect, it } from "vitest";

import { RecorderError } from "../../src/problems.js";
import { call, getSitting, parseSitting } from "../../src/sitting/sitting.js";

const WIRE = {
  exam: { id: "spring", title: "Spring" },
  subject: { id: "coding", title: "Coding", ends_at: "2026-05-01T12:00:00Z" },
  candidate: "c1",
  server_time: "2026-05-01T10:00:00.250Z",
  salvage_at: "2026-05-01T13:00:00Z",
  retention_days: 30,
  notice: { en: "We record you." },
  after_crash: "seal",
  tracks: [
    { track: "webcam", capture: { width: 640, height: 480, frame_rate: 15, video_bits_per_second: 500_000, audio_bits_per_second: 32_000, whole_monitor: false } },
    { track: "screen", capture: { width: 1280, height: 720, frame_rate: 5, video_bits_per_second: 300_000, audio_bits_per_second: 0, whole_monitor: true } },
  ],
  recordings: [{ id: "01A", track: "webcam", take: 1, state: "open" }],
};

const answering = (status: number, body: string): typeof fetch => () => Promise.resolve(new Response(body, { status }));
const server = (fetch: typeof globalThis.fetch): Parameters<typeof getSitting>[0] => ({ url: "https://handin.example", token: "t", fetch });
const codeOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => "answered", (error: unknown) => (error instanceof RecorderError ? error.code : error));

describe("a sitting", () => {
  it("is read in the recorder's words", () => {
    const { sitting, serverTime } = parseSitting(WIRE);
    expect(serverTime).toBe(Date.UTC(2026, 4, 1, 10, 0, 0, 250));
    expect(sitting).toMatchObject({
      exam: { id: "spring", title: "Spring" },
      bellAt: Date.UTC(2026, 4, 1, 12),
      salvageAt: Date.UTC(2026, 4, 1, 13),
      retentionDays: 30,
      afterCrash: "seal",
      recordings: [{ id: "01A", track: "webcam", take: 1, state: "open", receipt: null }],
    });
    expect(sitting.tracks[1]).toEqual({
      track: "screen",
      capture: { width: 1280, height: 720, frameRate: 5, videoBitsPerSecond: 300_000, audioBitsPerSecond: null, wholeMonitor: true },
    });
  });

  it("may lack what an exam need not say", () => {
    const { subject, salvage_at, retention_days, notice, after_crash, recordings, ...rest } = WIRE;
    const { sitting } = parseSitting({ ...rest, subject: { id: subject.id } });
    expect([salvage_at, retention_days, notice, after_crash, recordings]).not.toContain(undefined);
    expect(sitting).toMatchObject({ subject: { id: "coding", title: null }, bellAt: null, salvageAt: null, retentionDays: null, notice: {}, afterCrash: "next_take", recordings: [] });
  });

  it.each([
    ["nothing", null],
    ["a log-in page's JSON", { message: "please log in" }],
    ["no track", { ...WIRE, tracks: [] }],
    ["a broken time", { ...WIRE, server_time: "soon" }],
    ["a rate of nothing", { ...WIRE, tracks: [{ track: "webcam", capture: { ...WIRE.tracks[0]?.capture, video_bits_per_second: 0 } }] }],
  ])("is refused when it is %s", (_name, json) => {
    expect(() => parseSitting(json)).toThrowError(expect.objectContaining({ code: "bad_answer" }));
  });
});

describe("a call", () => {
  it("carries the token, and neither cookies nor where it came from", async () => {
    const calls: Parameters<typeof fetch>[] = [];
    const heard: typeof fetch = (...args) => {
      calls.push(args);
      return answering(200, JSON.stringify(WIRE))(...args);
    };
    await getSitting(server(heard));
    await call(server(heard), "POST", "/v1/rehearsal", { size: 1 });
    expect(calls.map(([url]) => url)).toEqual(["https://handin.example/v1/sitting", "https://handin.example/v1/rehearsal"]);
    expect(calls[0]?.[1]).toMatchObject({ method: "GET", headers: { authorization: "Bearer t" }, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" });
    expect(calls[1]?.[1]).toMatchObject({ method: "POST", headers: { "content-type": "application/json" }, body: '{"size":1}' });
  });

  it("tells apart what failed", async () => {
    const problem = JSON.stringify({ code: "expired", detail: "the token's time is over", status: 401 });
    expect(await codeOf(getSitting(server(answering(401, problem))))).toBe("expired");
    expect(await codeOf(getSitting(server(answering(502, "<html>bad gateway</html>"))))).toBe("bad_answer");
    expect(await codeOf(getSitting(server(answering(200, "<html>log in</html>"))))).toBe("bad_answer");
    expect(await codeOf(getSitting(server(() => Promise.reject(new TypeError("failed")))))).toBe("server_unreachable");
  });
});
