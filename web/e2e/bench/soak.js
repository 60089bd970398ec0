// What a browser holds in memory over a long recording of both tracks, the webcam showing noise.
//
//   node bench/soak.js [--minutes 30] [--picture FILE]

import { writeFileSync } from "node:fs";

import { memory, plot } from "../lib/memory.js";
import { withScene } from "../lib/scene.js";

const argument = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const minutes = Number(argument("minutes", "30"));
const picture = argument("picture", null);
const SAMPLES = 60;
/** Of all takes: a machine that stands still for seconds makes one more. */
const RECORDED_MS = `recorder.state.takes.reduce((sum, { track, recordedMs }) => sum + (track === "webcam" ? recordedMs : 0), 0)`;
const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);

await withScene({ noisy: true }, async (scene) => {
  await scene.record();
  const samples = [];
  for (let count = 1; count <= SAMPLES; count += 1) {
    await scene.page.until(`${RECORDED_MS} >= ${(count / SAMPLES) * minutes * 60_000}`, minutes * 60_000);
    const sample = await memory(scene);
    samples.push(sample);
    const { seconds, recorded, resident, heap } = sample;
    process.stdout.write(`${seconds.toFixed(0)} s, ${mib(recorded)} MiB recorded: resident ${mib(resident)} MiB, heap ${mib(heap)} MiB\n`);
  }
  if (picture) writeFileSync(picture, plot(samples));
  await scene.stop();
  await scene.proved();
});
