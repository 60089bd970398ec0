// A long recording needs no more memory than a short one.
//
// The webcam shows noise, so that a few minutes pass as many bytes as half an hour of an exam. `HANDIN_SOAK_MINUTES=30` takes its
// time; `HANDIN_SOAK_PLOT=FILE` draws what was measured as SVG.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";

import { memory, plot } from "../lib/memory.js";
import { quantile } from "../lib/results.js";
import { PART, withScene } from "../lib/scene.js";

const MINUTES = Number(process.env.HANDIN_SOAK_MINUTES ?? 3);
/** Samples over the whole time. */
const SAMPLES = 60;
/** Encoders, caches and the parts on their way reach their size in the first quarter. */
const WARM = SAMPLES / 4;
/** What may come and go between two thirds of the time: two parts and their copies on the way, in bytes. */
const MAY_GROW = 8 * PART;

/** Of all takes: a machine that stands still for seconds makes one more. */
const RECORDED_MS = `recorder.state.takes.reduce((sum, { track, recordedMs }) => sum + (track === "webcam" ? recordedMs : 0), 0)`;

test(`${MINUTES} minutes of recording: flat memory, every byte in the bucket`, { timeout: (MINUTES + 5) * 60_000 }, (t) =>
  withScene({ noisy: true, exam: { capture: { webcam: { video_bits_per_second: 4_000_000 } } } }, async (scene) => {
    await scene.record();
    const samples = [];
    for (let count = 1; count <= SAMPLES; count += 1) {
      await scene.page.until(`${RECORDED_MS} >= ${(count / SAMPLES) * MINUTES * 60_000}`, MINUTES * 60_000);
      samples.push(await memory(scene));
    }
    if (process.env.HANDIN_SOAK_PLOT) writeFileSync(process.env.HANDIN_SOAK_PLOT, plot(samples));
    const third = Math.floor((SAMPLES - WARM) / 3);
    for (const kind of ["resident", "heap"]) {
      const of = (from, to) => quantile(samples.slice(from, to).map((sample) => sample[kind]), 0.5);
      const [early, late] = [of(WARM, WARM + third), of(-third, undefined)];
      t.diagnostic(`${kind}: ${mib(early)} MiB, at the end ${mib(late)} MiB, while ${mib(samples.at(-1).recorded - samples[WARM].recorded)} MiB were recorded`);
      assert.ok(late - early < MAY_GROW, `${kind} grew from ${mib(early)} to ${mib(late)} MiB`);
    }
    assert.ok(samples.at(-1).recorded - samples[WARM].recorded > MAY_GROW, "enough was recorded that a leak would show");
    await scene.stop();
    await scene.proved();
    scene.silent();
  }));

const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);
