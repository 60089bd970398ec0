// The upload machine against every order of events that fast-check thinks of.

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { World } from "../support/world.js";

/** One thing that happens, chosen by numbers so that fast-check can shrink it. */
const happening = fc.record({
  what: fc.constantFrom(
    ...["serve", "serve", "serve", "serve", "serve", "serve", "serve", "drop", "loseAnswer", "busy", "forbidden", "advance", "advance", "grow", "grow"],
    ...["end", "offline", "online", "pace", "free", "yield", "pause", "resume", "crash", "tear", "salvage", "token", "scarce"],
    ...["swallow", "rot"],
  ),
  which: fc.nat(20),
  amount: fc.nat(35),
  chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
});
/** Long ones too: most of what can go wrong needs many steps. */
const happenings = fc.array(happening, { maxLength: 200, size: "max" });
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const LOCALS = ["a", "b", "c"];

function happen(world: World, { what, which, amount, chance }: Happening): void {
  world.chance = chance;
  const local = LOCALS[which % LOCALS.length] ?? "a";
  const waiting = world.waiting[which % Math.max(world.waiting.length, 1)];
  const known = world.records.has(local);
  switch (what) {
    case "serve":
      return waiting && world.serve(waiting);
    case "drop":
      return waiting && world.drop(waiting);
    case "loseAnswer":
      return waiting && world.loseAnswer(waiting);
    case "busy":
      return waiting && world.fail(waiting, 503, "SlowDown", true, amount * 100);
    case "forbidden":
      return waiting && world.fail(waiting, 403, "AccessDenied");
    case "advance":
      return world.advance(amount * amount * 100);
    case "grow":
      return known ? world.grow(local, amount) : undefined;
    case "end":
      return known ? world.end(local) : undefined;
    case "offline":
      return world.tell({ kind: "online", online: false });
    case "online":
      return world.tell({ kind: "online", online: true });
    case "pace":
      return world.tell({ kind: "pace", pace: { notBefore: world.now + amount * 100, parallel: which % 3, maxBytesPerS: amount, heartbeatMs: null } });
    case "free":
      return world.tell({ kind: "pace", pace: { notBefore: 0, parallel: Infinity, maxBytesPerS: null, heartbeatMs: null } });
    case "yield":
      return world.tell({ kind: "yield", maxBytesPerS: amount });
    case "pause":
      return world.tell({ kind: "yield", maxBytesPerS: 0 });
    case "resume":
      return world.tell({ kind: "yield", maxBytesPerS: null });
    case "crash":
      return world.crash();
    case "tear":
      return known ? world.tear(local) : undefined;
    case "swallow":
      return waiting && world.swallow(waiting);
    case "rot":
      return known ? world.rot(local, (amount % 4) + 1) : undefined;
    case "salvage":
      return known ? world.salvage(local) : undefined;
    case "token":
      return world.tell({ kind: "token" });
    case "scarce":
      return world.tell({ kind: "scarce", scarce: which % 2 === 0 });
  }
}

function begunWorld(): World {
  const world = new World();
  for (const local of LOCALS) {
    world.begin(local);
    world.now += 1;
  }
  return world;
}

describe("whatever happens in whatever order", () => {
  test("every take ends in a receipt for all of its bytes, once faults stop", () => {
    fc.assert(
      fc.property(happenings, (all) => {
        const world = begunWorld();
        // Salvage more often than a take may be sent anew, or with bytes given up, rightly ends in a partial one.
        let salvages = 0;
        for (const each of all) {
          if (each.what === "scarce") continue;
          if (each.what === "salvage" && (salvages += 1) > 3) continue;
          happen(world, each);
        }
        for (const local of [...world.records.keys()]) world.end(local);
        world.settle();
        for (const local of LOCALS) {
          if (world.forgotten.has(local)) continue;
          const { outcome, bytes } = world.record(local);
          expect(outcome?.complete).toBe(true);
          const stored = [...(world.recordings.get(outcome?.recording ?? "")?.parts.values() ?? [])];
          expect(stored.reduce((sum, { size }) => sum + size, 0)).toBe(bytes);
          expect(stored.every(({ sha256 }) => sha256?.startsWith(`${local}-`))).toBe(true);
        }
        expect(world.machine.remainingMs).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("what is given up for room is confirmed, and never the first part", () => {
    let frees = 0;
    fc.assert(
      fc.property(happenings, (all) => {
        const world = begunWorld();
        for (const each of all) happen(world, each);
        frees += world.frees;
      }),
      { numRuns: 200 },
    );
    // The world checks each of them.
    expect(frees).toBeGreaterThan(0);
  });
});
