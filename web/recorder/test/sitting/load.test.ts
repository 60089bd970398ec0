import { describe, expect, it } from "vitest";

import { failure, RecorderError } from "../../src/problems.js";
import { ServerClock } from "../../src/sitting/clock.js";
import { loadSitting, measureClock, untilLoaded } from "../../src/sitting/load.js";
import { sitting } from "../make.js";

const TIME = Date.UTC(2026, 4, 1);

/** A server whose line takes so many milliseconds there and back, round after round; `null` is a line that is down. */
function line(trips: readonly (number | null)[]): { clock: ServerClock; server: Parameters<typeof loadSitting>[0]; asked: () => number } {
  let mono = 0;
  let round = 0;
  const clock = new ServerClock({ mono: () => mono, wall: () => TIME - 60_000 + mono });
  const answer: typeof fetch = () => {
    const trip = trips[round++] ?? null;
    if (trip === null) return Promise.reject(new TypeError("failed"));
    const server_time = new Date(TIME + mono + trip / 2).toISOString();
    mono += trip;
    const capture = { width: 1, height: 1, frame_rate: 1, video_bits_per_second: 1 };
    return Promise.resolve(Response.json({ exam: { id: "e", title: "E" }, subject: { id: "s" }, candidate: "c", server_time, tracks: [{ track: "webcam", capture }] }));
  };
  return { clock, server: { url: "https://handin.example", token: "t", fetch: answer }, asked: () => round };
}

describe("loading a sitting", () => {
  it("sets the clock by the shortest of three round trips", async () => {
    const { clock, server, asked } = line([400, 40, 100]);
    const loaded = await loadSitting(server, clock);
    expect(asked()).toBe(3);
    expect(loaded.clock).toEqual({ offsetMs: 60_000, uncertaintyMs: 20 });
    expect(clock.now()).toBe(TIME + 540);
  });

  it("makes do with one when the line goes down behind it", async () => {
    const { clock, server } = line([400, null]);
    expect((await loadSitting(server, clock)).clock).toEqual({ offsetMs: 60_000, uncertaintyMs: 200 });
    expect(await measureClock(server, clock)).toBeNull();
  });

  it("is tried again with growing pauses while it may pass, and not otherwise", async () => {
    const failures = [failure("server_unreachable"), failure("server_unreachable"), failure("bad_answer")];
    const pauses: number[] = [];
    const told: [string, boolean][] = [];
    const patience = {
      pause: (ms: number) => (pauses.push(ms), Promise.resolve()),
      failed: ({ code }: { code: string }, passing: boolean) => (told.push([code, passing]), passing),
    };
    const load = (): Promise<ReturnType<typeof sitting>> => {
      const next = failures.shift();
      return next ? Promise.reject(next) : Promise.resolve(sitting());
    };
    expect(await untilLoaded(load, patience)).toEqual(sitting());
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
    failures.push(new RecorderError({ code: "expired", detail: "…" }));
    expect(await untilLoaded(load, patience)).toBeNull();
    expect(told.at(-1)).toEqual(["expired", false]);
  });
});
