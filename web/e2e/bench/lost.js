// How much footage is lost when the tab's process or the whole browser is killed with -9 in the middle of a recording.
//
// Both tracks are recorded with synthetic devices; the kill comes at a random moment after the fourth second. Then the
// browser is started again on the same profile, finishes what it finds, and the sealed objects are looked at: what was lost
// is the time from their end to the kill.
//
//   node bench/lost.js [--rounds 10] [--write]

import { setTimeout as passed } from "node:timers/promises";

import { quantile, write } from "../lib/results.js";
import { withScene } from "../lib/scene.js";

const at = process.argv.indexOf("--rounds");
const rounds = at < 0 ? 10 : Number(process.argv[at + 1]);

const KILLS = {
  "the tab's process": async (scene) => {
    for (const { pid } of scene.browser.processes().filter(({ kind }) => kind === "renderer")) process.kill(pid, "SIGKILL");
    scene.killedAt = Date.now();
    await scene.browser.kill();
    await scene.browse();
  },
  "the whole browser": async (scene) => {
    scene.killedAt = Date.now();
    await scene.browser.kill();
    await scene.browse();
  },
};

/** One kill; how much of each track was lost, in milliseconds. */
async function once(kill) {
  const lost = [];
  await withScene({}, async (scene) => {
    await scene.record();
    await scene.recorded("webcam", { ms: 4_000 });
    // Slices become durable every half second; the kill must not keep step with them.
    await passed(Math.random() * 1_000);
    const { takes } = await scene.state();
    await kill(scene);
    await scene.finished();
    for (const { track, video } of await scene.proved()) {
      const { startedAt } = takes.find((take) => take.track === track);
      lost.push(scene.killedAt - startedAt - video.durationS * 1_000);
    }
  });
  return lost;
}

const lines = ["| killed with -9 | kills | tracks | lost, median, ms | lost, most, ms |", "| --- | ---: | ---: | ---: | ---: |"];
for (const [name, kill] of Object.entries(KILLS)) {
  const lost = [];
  for (let round = 0; round < rounds; round += 1) lost.push(...(await once(kill)));
  lines.push(`| ${name} | ${rounds} | ${lost.length} | ${Math.round(quantile(lost, 0.5))} | ${Math.round(Math.max(...lost))} |`);
}
process.stdout.write(`${lines.join("\n")}\n`);
if (process.argv.includes("--write")) write("lost", "web/e2e/bench/lost.js", lines.join("\n"));
