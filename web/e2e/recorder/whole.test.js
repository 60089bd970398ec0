// A recording from the start click to both receipts, in a real Chromium against the real binary and store.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PART, withScene } from "../lib/scene.js";

test("both tracks are in the bucket, seekable, as long as they were recorded", () =>
  withScene({}, async (scene) => {
    await scene.record();
    await scene.recorded("webcam", { ms: 4_000 });
    await scene.stop();
    const { takes, phase, mayClose } = await scene.state();
    assert.deepEqual([phase, mayClose], ["finished", true]);
    const objects = await scene.proved();
    assert.deepEqual(objects.map(({ track }) => track).sort(), ["screen", "webcam"]);
    for (const { track, id, video, sealed_size } of objects) {
      const take = takes.find(({ recording }) => recording === id);
      assert.equal(take.recordedBytes, sealed_size, track);
      assert.ok(video.seekable, `${track} has an index`);
      assert.ok(Math.abs(video.durationS * 1_000 - take.recordedMs) < 50, `${track}: ${video.durationS} s of ${take.recordedMs} ms`);
      assert.ok(video.frames > 0);
    }
    scene.silent();
  }));

test("parts leave while it records, and the end has little left to send", () =>
  withScene({ noisy: true }, async (scene) => {
    await scene.record();
    await scene.recorded("webcam", { bytes: 3 * PART + 1 });
    await scene.page.until(`recorder.state.takes.some((take) => take.storedBytes >= ${2 * PART})`);
    await scene.stop();
    const [webcam] = (await scene.proved()).filter(({ track }) => track === "webcam");
    assert.ok(webcam.sealed_parts >= 4, `${webcam.sealed_parts} parts`);
    scene.silent();
  }));

test("a second tab is told, and takes over when the first is gone", () =>
  withScene({}, async (scene) => {
    await scene.record();
    const second = await scene.browser.page(scene.url());
    await second.until(`recorder.state.phase === "elsewhere"`);
    await scene.recorded("webcam", { ms: 2_000 });
    await scene.page.crash();
    scene.page = second;
    await second.until(`recorder.state.phase !== "elsewhere"`);
    await scene.finished();
    assert.equal((await scene.proved()).length, 2, "it finished what the first one recorded");
    await scene.record();
    await scene.stop();
    const objects = await scene.proved();
    assert.deepEqual(objects.map(({ track, take }) => `${track} ${take}`).sort(), ["screen 1", "screen 2", "webcam 1", "webcam 2"]);
  }));
