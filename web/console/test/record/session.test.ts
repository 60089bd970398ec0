/** A session with a recorder whose state and clock the test moves by hand. */

import { expect, test } from "vitest";

import type { RecorderState } from "../../src/record/recorder.js";
import { screenOf } from "../../src/record/screen.js";
import { type Port, Session } from "../../src/record/session.svelte.js";
import { takeToken } from "../../src/record/token.js";
import { checks, fresh, MINUTE, NOW, recorder, rehearsed, take } from "../fixtures/build.js";

/** A tab's memory that outlives a session, as it outlives a reload. */
function memory() {
  const kept = new Map<string, string>();
  return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
}

function setup(state: RecorderState, keep = memory(), granted = false) {
  const calls: string[] = [];
  let tell: (state: RecorderState) => void = () => undefined;
  const clock = { now: NOW };
  let answer: () => void = () => undefined;
  const port: Port = {
    subscribe: (listener) => {
      tell = listener;
      listener(state);
      return () => undefined;
    },
    serverNow: () => clock.now,
    stream: () => null,
    prepare: async (track) => void calls.push(`prepare ${track}`),
    start: () => {
      calls.push("start");
      return new Promise((resolve) => (answer = resolve));
    },
    stop: async () => {
      calls.push("stop");
      return state;
    },
    resume: async (track) => void calls.push(`resume ${track}`),
    rehearse: async ({ onCheck } = {}) => {
      for (const check of checks()) onCheck?.(check);
      return rehearsed({}, 1e6, 1000).report;
    },
  };
  const session = new Session(port, { keep, cameraGranted: async () => granted, reload: () => void calls.push("reload") });
  return { session, calls, clock, keep, tell: (next: RecorderState) => tell(next), answer: () => answer() };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("the way through: consent, check, start", async () => {
  const { session, calls } = setup(fresh());
  expect(screenOf(session.model)).toBe("consent");
  session.actions.agree();
  expect(screenOf(session.model)).toBe("check");
  session.actions.rehearse();
  expect(session.model.rehearsal.step).toBe("running");
  await settled();
  expect(session.model.rehearsal).toMatchObject({ step: "done", report: { verdict: "ready" } });
  session.actions.goOn();
  expect(screenOf(session.model)).toBe("ready");
  session.actions.start();
  expect(calls).toEqual(["start"]);
});

test("a second click while the browser asks does nothing", async () => {
  const { session, calls, answer } = setup(fresh());
  session.actions.start();
  session.actions.start();
  session.actions.resume("screen");
  expect([calls, session.model.asking]).toEqual([["start"], true]);
  answer();
  await settled();
  expect(session.model.asking).toBe(false);
});

test("a reload asks for nothing twice, another candidate in the same tab for everything", () => {
  const { session, keep } = setup(fresh());
  session.actions.agree();
  session.actions.goOn();
  expect(screenOf(setup(fresh(), keep).session.model)).toBe("ready");
  const { sitting } = fresh();
  const other = fresh({ sitting: sitting && { ...sitting, candidate: "c-2" } });
  expect(screenOf(setup(other, keep).session.model)).toBe("consent");
});

test("the bell ends the recording once", () => {
  const { session, calls, clock } = setup(recorder());
  clock.now = NOW + 83 * MINUTE - 1;
  session.tick();
  expect(calls).toEqual([]);
  clock.now = NOW + 83 * MINUTE;
  session.tick();
  session.tick();
  expect([calls, session.model.endedBy]).toEqual([["stop"], "bell"]);
});

test("what an earlier page left is remembered as found, what this page records is not", () => {
  const before = take("webcam", { local: "before", status: "ended" });
  const { session, tell, calls } = setup(fresh({ phase: "loading", sitting: null }));
  tell(fresh({ takes: [before] }));
  tell(recorder({ takes: [before, take("webcam", { local: "now" })] }));
  expect(session.model.found).toEqual(["before"]);
  expect(calls).toEqual([]);
});

test("who has finished the exam before coming back hands in what there is", () => {
  const { session, calls } = setup(fresh({ takes: [take("webcam", { status: "sealed" })] }));
  expect(screenOf(session.model)).toBe("ready");
  session.actions.stop();
  expect([screenOf(session.model), calls]).toEqual(["finished", []]);
});

test.each([
  [true, ["prepare webcam"]],
  [false, []],
])("the camera is shown before the start only where that asks nothing (granted: %s)", async (granted, expected) => {
  const { session, calls } = setup(fresh(), memory(), granted);
  session.actions.agree();
  await settled();
  expect(calls).toEqual([]);
  session.actions.goOn();
  await settled();
  expect(calls).toEqual(expected);
});

test("the token leaves the address, stays in the tab, and a reload goes on with it", () => {
  const storage = memory();
  const replaced: string[] = [];
  const place = (hash: string) => ({ hash, bare: "/record", storage, replace: (address: string) => void replaced.push(address) });
  expect(takeToken(place(""))).toBeNull();
  expect(takeToken(place("#token=a.b-c_d.e"))).toBe("a.b-c_d.e");
  expect(replaced).toEqual(["/record"]);
  expect(takeToken(place(""))).toBe("a.b-c_d.e");
  expect(takeToken(place("#token=new"))).toBe("new");
  expect(takeToken(place(""))).toBe("new");
});
