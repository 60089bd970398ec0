// The upload machine in the situations that an exam day brings.

import { describe, expect, test } from "vitest";

import { BEAT_MS } from "../../src/upload/machine.js";
import { STALL_MS } from "../../src/upload/line.js";
import { noPace } from "../../src/upload/pace.js";
import { type Waiting, World } from "../support/world.js";

type Of<K extends Waiting["kind"]> = Extract<Waiting, { kind: K }>;

function sends(world: World): Of<"send">[] {
  return world.waiting.filter((effect): effect is Of<"send"> => effect.kind === "send");
}

function numbers(world: World): number[] {
  return sends(world).map(({ number }) => number);
}

function waitingFor<K extends Waiting["kind"]>(world: World, kind: K): Of<K> {
  const found = world.waiting.find((effect): effect is Of<K> => effect.kind === kind);
  if (found === undefined) throw new Error(`nothing waits for ${kind}: ${JSON.stringify(world.waiting)}`);
  return found;
}

/** A take that is open at the server. */
function opened(bytes = 0): World {
  const world = new World();
  world.begin("a");
  world.serve(waitingFor(world, "open"));
  if (bytes > 0) world.grow("a", bytes);
  return world;
}

describe("parts", () => {
  test("set off as soon as they are full, two at a time; the rest waits for the end", () => {
    const world = opened(9);
    expect(numbers(world)).toEqual([]);
    world.grow("a", 26);
    expect(numbers(world)).toEqual([1, 2]);
    for (const send of sends(world)) world.serve(send);
    expect(numbers(world)).toEqual([3]);
    world.serve(waitingFor(world, "send"));
    expect(numbers(world)).toEqual([]);
    world.end("a");
    const last = waitingFor(world, "send");
    expect([last.number, last.from, last.to]).toEqual([4, 30, 35]);
    world.serve(last);
    expect(waitingFor(world, "seal").parts.map(({ size }) => size)).toEqual([10, 10, 10, 5]);
  });

  test("one that fails for ever holds up no other, and its take is never sealed without it", () => {
    const world = opened();
    world.broken.add("a/3");
    world.begin("b");
    world.grow("a", 80);
    world.grow("b", 40);
    world.end("a");
    world.end("b");
    for (let round = 0; round < 400; round += 1) {
      const [next] = world.waiting;
      if (next !== undefined) world.serve(next);
      else world.sleep();
    }
    expect(world.record("b").outcome?.state).toBe("sealed");
    expect([...world.record("a").stored.keys()].sort()).toEqual([1, 2, 4, 5, 6, 7, 8]);
    expect(world.record("a").outcome).toBeNull();
    const take = world.machine.take("a");
    expect(take && world.machine.problem(take)?.code).toBe("InternalError");
    world.broken.clear();
    world.settle();
    expect(world.record("a").outcome?.state).toBe("sealed");
  });

  test("one of which nothing is heard is given up; the server is asked before it goes again", () => {
    const world = opened(10);
    const send = waitingFor(world, "send");
    world.swallow(send);
    world.chance = 0.9;
    world.advance(STALL_MS - 1);
    world.tell({ kind: "progress", send: send.send, sent: 5 });
    world.advance(1);
    expect(world.waiting.some(({ kind }) => kind === "ask")).toBe(false);
    world.advance(STALL_MS);
    expect(numbers(world)).toEqual([]);
    world.serve(waitingFor(world, "ask"));
    world.sleep();
    expect(numbers(world)).toEqual([1]);
  });

  test("one that arrived without an answer is not sent again", () => {
    const world = opened(10);
    world.loseAnswer(waitingFor(world, "send"));
    expect(numbers(world)).toEqual([]);
    world.serve(waitingFor(world, "ask"));
    world.end("a");
    expect(waitingFor(world, "seal").parts).toHaveLength(1);
  });

  test("a busy store is left alone for as long as it asks", () => {
    const world = opened(10);
    world.fail(waitingFor(world, "send"), 503, "SlowDown", true, 7_000);
    const begunAt = world.now;
    while (numbers(world).length === 0 && world.sleep());
    expect(world.now - begunAt).toBeGreaterThanOrEqual(7_000);
  });

  test("one that waits for its turn has not failed, however often it is told to wait", () => {
    const world = opened(10);
    world.chance = 0.5;
    for (let turn = 0; turn < 200; turn += 1) {
      world.hold(waitingFor(world, "send"), 20_000);
      const heldAt = world.now;
      while (numbers(world).length === 0 && world.sleep()) {
        const beat = world.waiting.find(({ kind }) => kind === "beat");
        if (beat !== undefined) world.serve(beat);
      }
      expect(world.now - heldAt).toBe(20_250);
      expect(world.waiting.some(({ kind }) => kind === "ask")).toBe(false);
    }
    const take = world.machine.take("a");
    expect(take && world.machine.problem(take)).toBeNull();
    world.serve(waitingFor(world, "send"));
    expect([...world.record("a").stored.keys()]).toEqual([1]);
  });

  test("bytes beyond the exam's limit are not sealed, and said so", () => {
    const world = opened(30);
    const [first, second] = sends(world);
    if (first === undefined || second === undefined) throw new Error("two parts set off");
    const failure = { status: 422, code: "beyond_budget", detail: "too long", retryAfterMs: null, parts: [], field: null };
    world.serve(first);
    world.tell({ kind: "sent", send: second.send, answer: { ok: false, where: "sign", failure, bodySent: false } });
    const take = world.machine.take("a");
    expect(take?.partCount).toBe(1);
    expect(take && world.machine.problem(take)?.code).toBe("beyond_budget");
  });
});

describe("the end", () => {
  test("part 1 that was not sent yet goes with its finished head", () => {
    const world = opened(7);
    world.end("a");
    expect(waitingFor(world, "send")).toMatchObject({ number: 1, finished: true });
  });

  /** Part 1 went out while recording; `ms` is what a part takes on this line. */
  function endedOnALine(ms: number): World {
    const world = opened(10);
    const first = waitingFor(world, "send");
    const stored = { number: 1, size: 1024 * 1024, sha256: "raw" };
    const bytes = world.machine.line.sends[0];
    // The world's parts are too small to measure a line with.
    if (bytes !== undefined) Object.assign(bytes, { bytes: 1024 * 1024 });
    world.arrive(first);
    world.now += ms;
    const answer = { ok: true as const, stored, putAt: world.now - ms };
    world.waiting = [];
    world.tell({ kind: "sent", send: first.send, answer });
    world.grow("a", 3);
    world.end("a");
    return world;
  }

  test("on a fast line part 1 is sent again for its head, after the last part", () => {
    const world = endedOnALine(100);
    expect(sends(world).map(({ number, finished }) => [number, finished])).toEqual([[2, false], [1, true]]);
    expect(world.waiting.some(({ kind }) => kind === "seal")).toBe(false);
  });

  test("on a slow line it is not", () => {
    expect(numbers(endedOnALine(5_000))).toEqual([2]);
  });

  test("nor beside a live call", () => {
    const world = opened(10);
    world.serve(waitingFor(world, "send"));
    world.tell({ kind: "yield", maxBytesPerS: 1e9 });
    world.end("a");
    expect(world.waiting.map(({ kind }) => kind)).toContain("seal");
  });

  test("when only the head fails, what is there is asked for and sealed as it is", () => {
    const world = endedOnALine(100);
    const [last, head] = sends(world);
    if (last === undefined || head === undefined) throw new Error("two parts set off");
    world.serve(last);
    world.fail(head, 0, "unreachable");
    world.serve(waitingFor(world, "ask"));
    expect(waitingFor(world, "seal").parts.map(({ sha256 }) => sha256)).toEqual(["a-0-10", "a-10-13"]);
  });

  test("a head on a line that has become slow is given up, and the receipt does not wait for it", () => {
    const world = endedOnALine(100);
    const begun = world.now;
    const [last, head] = sends(world);
    if (last === undefined || head === undefined) throw new Error("two parts set off");
    world.serve(last);
    while (sends(world).length > 0) world.sleep();
    expect(world.now - begun).toBeLessThan(1_000);
    expect(sends(world)).toEqual([]);
    world.serve(waitingFor(world, "ask"));
    expect(waitingFor(world, "seal").parts.map(({ sha256 }) => sha256)).toEqual(["a-0-10", "a-10-13"]);
  });

  test("a take in which nothing was recorded is discarded and forgotten", () => {
    const world = opened();
    world.end("a");
    world.serve(waitingFor(world, "discard"));
    expect(world.forgotten.has("a")).toBe(true);
    expect(world.machine.idle).toBe(true);
  });

  test("salvaged before the rest came, it is sent anew as the next take of what was kept", () => {
    const world = opened(25);
    for (const send of sends(world)) world.serve(send);
    world.salvage("a");
    world.end("a");
    world.settle();
    const { outcome, continues, generation } = world.record("a");
    expect([outcome?.state, continues, generation]).toEqual(["sealed", "recording-a", 2]);
    expect(world.recordings.get("recording-a.2")?.parts.size).toBe(3);
  });

  test("salvaged with every byte, it is sent again, as only a seal compares bytes", () => {
    const world = opened(20);
    for (const send of sends(world)) world.serve(send);
    world.salvage("a");
    world.end("a");
    world.settle();
    expect(world.record("a").outcome).toMatchObject({ state: "sealed", complete: true, recording: "recording-a.2" });
  });
});

describe("the world around", () => {
  test("offline nothing sets off; back online it goes on at once", () => {
    const world = opened();
    world.tell({ kind: "online", online: false });
    world.grow("a", 20);
    world.advance(600_000);
    expect(world.waiting).toEqual([]);
    expect(world.machine.line.heldBy(world.now)).toBe("offline");
    world.tell({ kind: "online", online: true });
    expect(numbers(world)).toEqual([1, 2]);
  });

  test("a call that needs the line gets it, and loses it when it is over", () => {
    const world = opened(30);
    world.chance = 0.9;
    world.machine.line.sends.forEach((send) => Object.assign(send, { bytes: 5_000_000 }));
    world.tell({ kind: "yield", maxBytesPerS: 0 });
    expect(numbers(world)).toEqual([]);
    expect(world.machine.remainingMs).toBeNull();
    world.tell({ kind: "yield", maxBytesPerS: null });
    expect(numbers(world)).toEqual([1, 2]);
  });

  test("the server's pace holds until it says no more", () => {
    const world = opened();
    world.tell({ kind: "pace", pace: { ...noPace, notBefore: world.now + 5_000 } });
    world.grow("a", 30);
    expect(numbers(world)).toEqual([]);
    world.sleep();
    expect(numbers(world)).toEqual([1, 2]);
    world.tell({ kind: "pace", pace: { ...noPace, parallel: 1 } });
    for (const send of sends(world)) world.serve(send);
    expect(numbers(world)).toEqual([3]);
  });

  test("a token that is over holds everything until there is a new one", () => {
    const world = opened();
    world.begin("b");
    world.fail(waitingFor(world, "open"), 401, "expired");
    world.grow("a", 20);
    world.advance(600_000);
    expect(world.waiting).toEqual([]);
    const take = world.machine.take("a");
    expect(take && world.machine.problem(take)?.code).toBe("expired");
    world.tell({ kind: "token" });
    expect(numbers(world)).toEqual([1, 2]);
    expect(waitingFor(world, "open").local).toBe("b");
  });

  test("the server hears of a take that sends nothing", () => {
    const world = opened();
    world.advance(BEAT_MS);
    const beat = waitingFor(world, "beat");
    world.fail(beat, 403, "bad_handle");
    expect(waitingFor(world, "open").key).toBe("a");
  });

  test("the server hears of a take as seldom as it wants", () => {
    const world = opened();
    world.tell({ kind: "pace", pace: { ...noPace, heartbeatMs: 3 * BEAT_MS } });
    world.advance(3 * BEAT_MS - 1);
    expect(world.waiting).toEqual([]);
    world.advance(1);
    expect(waitingFor(world, "beat").kind).toBe("beat");
  });

  test("a manifest that the server refuses does not keep a recording from its receipt", () => {
    const world = opened(5);
    world.end("a");
    world.serve(waitingFor(world, "send"));
    expect(waitingFor(world, "seal").manifest).toBe(true);
    world.waiting = [];
    const failure = { status: 422, code: "invalid", detail: "too long", retryAfterMs: null, parts: [], field: "manifest" };
    world.tell({ kind: "answered", local: "a", answer: { kind: "failed", failure } });
    expect(waitingFor(world, "seal").manifest).toBe(false);
  });
});
