// Faults between browser, API and store. Every test ends with the whole recording in the bucket.

import assert from "node:assert/strict";
import { test } from "node:test";

import { answer, part, reset, route, swallow, withoutCors } from "../lib/proxy.js";
import { PART, withScene } from "../lib/scene.js";

const noisy = { noisy: true };

/** Records until part 4 is full while something is wrong, then stops and proves. */
async function whole(scene, meanwhile = async () => {}) {
  await scene.record();
  await scene.recorded("webcam", { bytes: 4 * PART + 1 });
  await meanwhile();
  await scene.stop();
  const objects = await scene.proved();
  assert.equal(objects.length, 2, "one object for each track");
  assert.ok(objects.every(({ video }) => video.frames > 0));
  scene.silent();
}

const puts = (scene, number) => scene.server.store.seen.filter(part(number));

test("part 3 fails once, and later parts do not wait for it", () =>
  withScene(noisy, async (scene) => {
    // It fails until part 4 has arrived: whoever waits for part 3 first would wait for ever.
    const later = () => puts(scene, 4).some(({ status }) => status === 200);
    scene.server.store.script((seen) => part(3)(seen) && !later(), answer(500));
    await whole(scene);
    assert.ok(puts(scene, 3).length >= 2);
  }));

/** What passes, each on a part of its own, and how often. */
const PASSING = [
  ["an expired URL", answer(403, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"), 2],
  ["a black hole", swallow, 1],
  ["an overloaded store", answer(503, "", { "retry-after": "1" }), 2],
  ["a socket that the store found idle", answer(400, "<Error><Code>RequestTimeout</Code></Error>"), 2],
  ["a connection reset", reset, 2],
  ["a store that forgets its CORS rules", withoutCors, 2],
];

test("every passing failure of store and API is survived", () =>
  withScene(noisy, async (scene) => {
    const rules = PASSING.map(([, action, times], place) => scene.server.store.script(part(place + 1), action, times));
    const away = scene.server.api.script(route("/sign"), answer(503, "", { "retry-after": "1" }), 3);
    const cut = scene.server.api.script(route("/seal"), reset, 1);
    await whole(scene, () => scene.recorded("webcam", { bytes: PASSING.length * PART + 1 }));
    PASSING.forEach(([name], place) => assert.equal(rules[place].times, 0, `${name}: it happened`));
    assert.deepEqual([away.times, cut.times], [0, 0]);
    assert.ok(puts(scene, 2).length >= 2, "what vanished is sent again");
  }));

test("a server that is killed and comes back finds everybody at work", () =>
  withScene({ noisy: true }, async (scene) => {
    await whole(scene, async () => {
      await scene.server.kill();
      await scene.recorded("webcam", { bytes: 6 * PART });
      await scene.server.run();
    });
  }));

test("offline for a minute, the recording goes on", () =>
  withScene(noisy, async (scene) => {
    await whole(scene, async () => {
      scene.server.store.script(() => true, reset);
      scene.server.api.script(() => true, reset);
      const { recordedMs } = (await scene.state()).takes.find(({ track }) => track === "webcam");
      await scene.recorded("webcam", { ms: recordedMs + 60_000 });
      assert.ok((await scene.state()).atRiskMs >= 50_000, "the state says what is at risk");
      scene.server.store.heal();
      scene.server.api.heal();
    });
  }));
