// How long from the end of a recording to both receipts: uploading while recording beside recording first and uploading then.
//
// The same bytes for both: one minute of a real webcam and screen, repeated to the length under test. They are fed to the
// recorder's own worker as fast as it makes them durable, so half an hour does not take half an hour; the clock starts when
// the last byte was handed over and runs until both receipts are there. Browser, binary and store are the real ones; the line
// is the kernel's, shared by both tracks and all ways.
//
//   node bench/stop.js [--rounds 7] [--line unshaped] [--write]      (root: it makes a network namespace)

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Chromium } from "../lib/chromium.js";
import { goHome, packets, shape } from "../lib/home.js";
import { quantile, write } from "../lib/results.js";
import { noisyWebcam } from "../lib/scene.js";
import { Server } from "../lib/server.js";
import { startSite } from "../lib/site.js";

const page = fileURLToPath(new URL("page.js", import.meta.url));
/** 5 Mbit/s, in bytes. */
const SHAPED = 625_000;
/** Of 255. */
const NOISE = 48;
const argument = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const rounds = Number(argument("rounds", "7"));
const onlyLine = argument("line", null);

/** Lengths, lines and ways, and how many rounds of each. The classic way at half an hour takes minutes on a slow line. */
const CASES = [
  { minutes: 3, line: "unshaped", way: "handin", rounds },
  { minutes: 3, line: "unshaped", way: "classic", rounds },
  { minutes: 30, line: "unshaped", way: "handin", rounds },
  { minutes: 30, line: "unshaped", way: "classic", rounds },
  { minutes: 3, line: "5 Mbit/s", way: "handin", rounds },
  { minutes: 3, line: "5 Mbit/s", way: "classic", rounds: Math.min(rounds, 3) },
  { minutes: 30, line: "5 Mbit/s", way: "handin", rounds },
  { minutes: 30, line: "5 Mbit/s", way: "classic", rounds: 1 },
];

/** One track's minute as a recorder gives it, in one stream as long as is asked for. */
function film(folder, browserFilm, minutes, track) {
  const file = join(folder, `${track}-${minutes}.webm`);
  const args = ["-v", "error", "-y", "-stream_loop", String(minutes - 1), "-i", browserFilm, "-c", "copy", "-live", "1", "-f", "webm", file];
  execFileSync("ffmpeg", args);
  return readFileSync(file);
}

/** Has the browser record one minute of both tracks with a bare MediaRecorder. */
async function minute(folder, site) {
  // So much noise in front of the camera that the encoder uses the bits that it may, and no more.
  const browser = await Chromium.launch(join(folder, "camera"), noisyWebcam(folder, NOISE));
  const tab = await browser.page(`${site.origin}/bench`);
  const made = {};
  for (const [track, blob] of Object.entries(await tab.evaluate("bench.minute()"))) {
    made[track] = join(folder, `${track}.webm`);
    const film = Buffer.from(blob, "base64");
    writeFileSync(made[track], film);
    process.stderr.write(`${track}: ${Math.round((film.length * 8) / 60_000)} kb/s\n`);
  }
  await browser.close();
  return made;
}

async function once({ minutes, line, way }, tab, server, number) {
  const { token } = await server.platform("POST", "/v1/exams/bench/tokens", { candidate: `c${number}`, subject: "coding" });
  await tab.evaluate(`bench.prepare(${JSON.stringify({ way, minutes, server: server.api.url, token })})`);
  const shaped = line === "5 Mbit/s";
  if (shaped) shape(new URL(server.store.url).port, SHAPED * 8);
  packets(shaped);
  await tab.evaluate("bench.rest()");
  // Half an hour fed within seconds leaves pages to write that life would have written long ago.
  execFileSync("sync");
  const before = server.store.bytes;
  const { ms } = await tab.evaluate("bench.finish()");
  if (shaped) shape(null);
  return { ms, sent: server.store.bytes - before };
}

const median = (values) => quantile(values, 0.5);

function table(measured) {
  const rows = measured.map(({ minutes, line, way, runs }) => {
    const ms = runs.map((run) => run.ms);
    const sent = median(runs.map((run) => run.sent));
    const needs = line === "unshaped" ? "–" : ((sent / SHAPED)).toFixed(1);
    const figures = [median(ms) / 1_000, quantile(ms, 0.95) / 1_000].map((s) => s.toFixed(2));
    return `| ${minutes} min | ${line} | ${way} | ${figures.join(" | ")} | ${(sent / 2 ** 20).toFixed(1)} | ${needs} | ${runs.length} |`;
  });
  return [
    "| recorded | line | way | p50, s | p95, s | MiB sent after the end | what the line needs for them, s | rounds |",
    "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |", ...rows].join("\n");
}

goHome();
const folder = mkdtempSync(join(tmpdir(), "handin-stop-"));
const site = await startSite(page);
const server = await Server.start();
try {
  await server.platform("POST", "/v1/exams", { id: "bench", title: "Benchmark", subjects: [{ id: "coding" }] });
  const minutes = await minute(folder, site);
  const browser = await Chromium.launch(join(folder, "profile"));
  const measured = CASES.filter(({ line }) => !onlyLine || line === onlyLine).map((one) => ({ ...one, runs: [] }));
  for (const length of [3, 30]) {
    for (const track of ["webcam", "screen"]) site.serve(`/film/${track}-${length}`, film(folder, minutes[track], length, track));
  }
  let number = 0;
  // Round by round over all cases, so that a slow minute of the machine meets all of them.
  for (let round = 0; round < rounds; round += 1) {
    for (const one of measured.filter((one) => round < one.rounds)) {
      const tab = await browser.page(`${site.origin}/bench`);
      one.runs.push(await once(one, tab, server, number++));
      await tab.close();
      process.stderr.write(`${one.minutes} min, ${one.line}, ${one.way}: ${(one.runs.at(-1).ms / 1_000).toFixed(2)} s\n`);
    }
  }
  await browser.close();
  const text = table(measured);
  process.stdout.write(`${text}\n`);
  if (process.argv.includes("--write")) write("stop", "web/e2e/bench/stop.js", text);
} finally {
  await site.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
