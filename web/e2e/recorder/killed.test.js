// Reloads, crashes and kills: what was durable in the browser is in the bucket afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";

import { withScene } from "../lib/scene.js";

/** Everything that was durable before is in the sealed takes now. */
async function nothingLost(scene, before) {
  await scene.finished();
  const objects = await scene.proved();
  for (const take of before.takes) {
    const object = objects.find(({ track, take: number }) => track === take.track && number === 1);
    assert.ok(object.sealed_size >= take.recordedBytes, `${take.track}: ${object.sealed_size} of ${take.recordedBytes} bytes`);
    assert.ok(object.video.durationS * 1_000 >= take.recordedMs - 50, `${take.track}: ${object.video.durationS} s of ${take.recordedMs} ms`);
  }
  return objects;
}

async function recording(scene, ms = 5_000) {
  await scene.record();
  await scene.recorded("webcam", { ms });
  return scene.state();
}

test("a reload in the middle finishes the take, and the next one says why there is a gap", () =>
  withScene({}, async (scene) => {
    const before = await recording(scene);
    await scene.page.reload();
    assert.equal(scene.page.warnings, 1, "it was asked before");
    await nothingLost(scene, before);
    await scene.record();
    await scene.recorded("webcam", { ms: 2_000 });
    await scene.stop();
    const objects = await scene.proved();
    assert.deepEqual(objects.map(({ track, take }) => `${track} ${take}`).sort(), ["screen 1", "screen 2", "webcam 1", "webcam 2"]);
    for (const { id, track } of objects.filter(({ take }) => take === 2)) {
      const { manifest } = await scene.server.platform("GET", `/v1/recordings/${id}`);
      const first = objects.find((object) => object.track === track && object.take === 1);
      assert.equal(manifest.continues, first.id);
    }
  }));

test("a renderer that is killed takes nothing along", () =>
  withScene({}, async (scene) => {
    const before = await recording(scene);
    await scene.page.crash();
    scene.page = await scene.browser.page(scene.url());
    await nothingLost(scene, before);
  }));

test("a browser that is killed with -9 takes nothing along that was durable", () =>
  withScene({}, async (scene) => {
    const before = await recording(scene);
    await scene.browser.kill();
    await scene.browse();
    const objects = await nothingLost(scene, before);
    assert.equal(objects.length, 2);
  }));

test("a night offline, then the link again: the same recording is finished", () =>
  withScene({}, async (scene) => {
    await scene.record();
    scene.server.store.script(() => true, ({ incoming }) => incoming.socket.resetAndDestroy());
    await scene.recorded("webcam", { ms: 4_000 });
    const before = await scene.state();
    await scene.browser.kill();
    scene.server.store.heal();
    await scene.browse();
    await nothingLost(scene, before);
  }));

test("another candidate on the same machine sees nothing of it", () =>
  withScene({}, async (scene) => {
    await recording(scene);
    await scene.browser.kill();
    scene.invitation = await scene.server.platform("POST", "/v1/exams/spring/tokens", { candidate: "c2", subject: "coding" });
    await scene.browse();
    assert.deepEqual((await scene.state()).takes, []);
  }));
