// What recording costs a browser in CPU time and memory: the recorder, uploading as it goes, beside two bare MediaRecorders that
// keep nothing.
//
// Both record the same noisy webcam and screen with the same settings, in a browser of their own, for as long; the bare page takes
// its settings from what the recorder asked for.
//
//   node bench/bare.js [--rounds 3] [--seconds 60] [--write]

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as passed } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { Chromium } from "../lib/chromium.js";
import { quantile, write } from "../lib/results.js";
import { noisyWebcam, withScene } from "../lib/scene.js";
import { startSite } from "../lib/site.js";

const page = fileURLToPath(new URL("page.js", import.meta.url));
const argument = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const rounds = argument("rounds", 3);
const seconds = argument("seconds", 60);
/** Encoders and the page have found their pace by then. */
const SETTLED_MS = 10_000;

/** Notes how every MediaRecorder of the page is made. */
const listen = `globalThis.made = [];
  globalThis.MediaRecorder = class extends MediaRecorder {
    constructor(stream, options) {
      super(stream, options);
      made.push({ options, tracks: stream.getTracks().map((track) => ({ kind: track.kind, ...track.getSettings() })) });
    }
    start(slice) {
      made.at(-1).slice ??= slice;
      super.start(slice);
    }
  };`;

async function handin() {
  let measured;
  // The exam's own rates are the usual ones; only the picture is noisy.
  await withScene({ noisy: true, exam: { capture: {} } }, async (scene) => {
    await scene.page.evaluate(listen);
    await scene.record();
    measured = await measure(scene.browser);
    measured.made = await scene.page.evaluate("made");
    await scene.stop();
    await scene.proved();
  });
  return measured;
}

async function bare(made) {
  const folder = mkdtempSync(join(tmpdir(), "handin-bare-"));
  const site = await startSite(page);
  const browser = await Chromium.launch(join(folder, "profile"), noisyWebcam(folder));
  try {
    const tab = await browser.page(`${site.origin}/bench`);
    await tab.evaluate(`bench.bare(${JSON.stringify(made)})`);
    return await measure(browser);
  } finally {
    await browser.kill();
    await site.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** CPU time of all of a browser's processes in a second of recording, and what they hold alone at its end. */
async function measure(browser) {
  await passed(SETTLED_MS);
  const cpu = () => browser.processes().reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const [before, begun] = [cpu(), performance.now()];
  await passed(seconds * 1_000);
  const cpuMs = (cpu() - before) / ((performance.now() - begun) / 1_000);
  return { cpuMs, own: browser.processes().reduce((sum, process) => sum + process.own, 0) };
}

const ways = { "two bare MediaRecorders": [], "**the recorder**": [] };
const [bareRuns, handinRuns] = Object.values(ways);
for (let round = 0; round < rounds; round += 1) {
  const recorded = await handin();
  handinRuns.push(recorded);
  bareRuns.push(await bare(recorded.made));
}

const median = (runs, of) => quantile(runs.map(of), 0.5);
const lines = [
  "| page | CPU, ms a second | × bare | memory of its own, MiB | × bare | rounds |", "| --- | ---: | ---: | ---: | ---: | ---: |",
  ...Object.entries(ways).map(([name, runs]) => {
    const figures = [({ cpuMs }) => cpuMs, ({ own }) => own].map((of) => [median(runs, of), median(runs, of) / median(bareRuns, of)]);
    const [[cpu, cpuRatio], [own, ownRatio]] = figures;
    return `| ${name} | ${cpu.toFixed(0)} | ${cpuRatio.toFixed(2)} | ${(own / 2 ** 20).toFixed(0)} | ${ownRatio.toFixed(2)} | ${runs.length} |`;
  }),
];
process.stdout.write(`${lines.join("\n")}\n`);
if (process.argv.includes("--write")) write("bare", "web/e2e/bench/bare.js", lines.join("\n"));
