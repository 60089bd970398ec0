// What comes in is durable in order, told only then, and never with a hole.

import { describe, expect, test, vi } from "vitest";

import type { Rewriter } from "../../src/container/container.js";
import { Spool } from "../../src/spool/spool.js";
import { Intake } from "../../src/worker/intake.js";
import { RoomWatch } from "../../src/worker/room.js";
import { HandClock } from "../support/hand-clock.js";
import { MemoryDisk } from "../support/memory-disk.js";
import { beginning, manifest } from "../support/takes.js";

const asItIs: Rewriter = { push: (bytes) => ({ bytes, points: [], durationMs: null }) };

async function setUp(rewriter: Rewriter = asItIs) {
  const disk = new MemoryDisk();
  const clock = new HandClock();
  const spool = await Spool.open(disk, "write");
  const told: string[] = [];
  const intake = new Intake("a", rewriter, spool, clock, {
    begun: () => told.push("begun"),
    durable: () => told.push(`durable ${spool.take("a").bytes} at ${spool.take("a").recordedMs} ms`),
    ended: () => told.push("ended"),
    full: (_, full) => told.push(full ? "full" : "room"),
  });
  return { disk, clock, spool, told, intake };
}

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

describe("an intake", () => {
  test("tells in order what is durable", async () => {
    const { intake, told } = await setUp();
    intake.begin(beginning());
    intake.chunk(bytes(10, 1), 500);
    intake.write({ at: "noted", manifest });
    intake.chunk(bytes(5, 2), 1_000);
    intake.write({ at: "ended", manifest });
    await vi.waitUntil(() => told.includes("ended"));
    expect(told).toEqual(["begun", "durable 10 at 500 ms", "durable 15 at 1000 ms", "ended"]);
  });

  test("counts what the file plays, not what the clock says", async () => {
    const { intake, told } = await setUp({ push: (bytes) => ({ bytes, points: [], durationMs: 320 }) });
    intake.begin(beginning());
    intake.chunk(bytes(10, 1), 300);
    intake.chunk(bytes(10, 1), 1_000);
    await vi.waitUntil(() => told.length === 3);
    expect(told).toEqual(["begun", "durable 10 at 300 ms", "durable 20 at 320 ms"]);
  });

  test("waits for room with what it has, and tells", async () => {
    const { disk, clock, spool, intake, told } = await setUp();
    intake.begin(beginning());
    await vi.waitUntil(() => told.length === 1);
    disk.room = 0;
    intake.chunk(bytes(10, 1), 500);
    intake.chunk(bytes(10, 2), 1_000);
    await vi.waitUntil(() => told.includes("full"));
    disk.room = Infinity;
    await vi.waitUntil(() => {
      clock.turn(500);
      return told.length === 5;
    });
    expect(told).toEqual(["begun", "full", "room", "durable 10 at 500 ms", "durable 20 at 1000 ms"]);
    const held = new Uint8Array(await (await spool.read("a", 0, 20)).arrayBuffer());
    expect([...held]).toEqual([...bytes(10, 1), ...bytes(10, 2)]);
  });

  test("what it cannot even remember ends the take: there is no hole", async () => {
    const { disk, clock, spool, intake, told } = await setUp();
    intake.begin(beginning());
    await vi.waitUntil(() => told.length === 1);
    disk.room = 0;
    const mib = 1024 * 1024;
    for (let chunk = 0; chunk < 20; chunk += 1) intake.chunk(bytes(mib, chunk), chunk);
    intake.chunk(bytes(1, 99), 99);
    intake.write({ at: "ended", manifest });
    disk.room = Infinity;
    await vi.waitUntil(() => {
      clock.turn(500);
      return told.includes("ended");
    });
    expect(spool.take("a")).toMatchObject({ bytes: 16 * mib, recordedMs: 15 });
  });
});

describe("room", () => {
  test("is low by the browser's estimate, full by what was written, and enough again", async () => {
    const clock = new HandClock();
    const told: string[] = [];
    const room = new RoomWatch((now) => told.push(now));
    const estimate = { quota: 1e9, usage: 1e9 - 1e8 };
    room.watch(clock, async () => estimate);
    await vi.waitUntil(() => told.length === 1);
    room.full("a", true);
    room.full("b", true);
    room.full("a", false);
    estimate.usage = 0;
    await vi.waitUntil(() => {
      clock.turn(15_000);
      room.full("b", false);
      return told.at(-1) === "enough";
    });
    expect(told.filter((now, place) => told.indexOf(now) === place)).toEqual(["low", "full", "enough"]);
  });
});
