// What the page is shown of a take.

import { expect, test } from "vitest";

import { takeState } from "../../src/worker/states.js";
import { World } from "../support/world.js";

function shown(world: World) {
  return takeState(world.record("a"), world.machine);
}

test("from the first byte to the receipt", () => {
  const world = new World();
  world.begin("a");
  expect(shown(world)).toMatchObject({ status: "recording", recording: null, take: null, atRiskMs: 0, storedBytes: 0 });
  world.grow("a", 40);
  expect(shown(world)).toMatchObject({ recordedMs: 4_000, recordedBytes: 40, atRiskMs: 4_000 });
  const [open] = world.waiting;
  if (open !== undefined) world.serve(open);
  const [first] = world.waiting;
  if (first !== undefined) world.serve(first);
  expect(shown(world)).toMatchObject({ recording: "recording-a", take: 1, storedBytes: 10, atRiskMs: 3_000 });
  world.end("a");
  expect(shown(world).status).toBe("ended");
  world.settle();
  expect(shown(world)).toMatchObject({ status: "sealed", receipt: "receipt of recording-a", atRiskMs: 0, problem: null });
});

test("gaps stand on the server's clock", () => {
  const world = new World();
  world.begin("a");
  const { manifest } = world.record("a");
  const startedAt = Date.parse(manifest.started_at);
  const gaps = [{ reason: "share_stopped" as const, from_ms: 5, to_ms: 9 }, { reason: "asleep" as const, from_ms: 20 }];
  const state = takeState({ ...world.record("a"), manifest: { ...manifest, gaps } }, world.machine);
  expect(state.gaps).toEqual([
    { reason: "share_stopped", fromAt: startedAt + 5, toAt: startedAt + 9 },
    { reason: "asleep", fromAt: startedAt + 20, toAt: null },
  ]);
});

test("a take that the server will not open has failed, and says why", () => {
  const world = new World();
  world.begin("a");
  const [open] = world.waiting;
  if (open !== undefined) world.fail(open, 429, "too_many_takes");
  expect(shown(world)).toMatchObject({ status: "failed", problem: { code: "too_many_takes" } });
});
