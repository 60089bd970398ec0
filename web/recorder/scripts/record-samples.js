// Records the small files of `samples/container` anew with a real browser's MediaRecorder and its fake devices.
//
//   node scripts/record-samples.js /usr/bin/chromium
//   node scripts/record-samples.js /usr/bin/firefox-esr
//
// The page runs by itself and posts what it recorded to this script over the loopback; no driver is needed, so the same
// script serves both browsers. What the files must become is written anew by `HANDIN_UPDATE_VECTORS=1 npx vitest run vectors`.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const samples = fileURLToPath(new URL("../../../samples/container", import.meta.url));

/** What each browser records: file name, type, and whether with sound. What a build cannot record, it skips. */
const RECIPES = {
  chromium: [
    { file: "chromium-vp9-opus.webm", mimeType: "video/webm;codecs=vp9,opus", audio: true },
    { file: "chromium-vp9.webm", mimeType: "video/webm;codecs=vp9", audio: false },
    { file: "chromium-vp8-opus.webm", mimeType: "video/webm;codecs=vp8,opus", audio: true },
    { file: "chromium-av1-opus.webm", mimeType: "video/webm;codecs=av1,opus", audio: true },
    { file: "chromium-h264-opus.mkv", mimeType: "video/webm;codecs=avc1,opus", audio: true },
    { file: "chromium-opus.webm", mimeType: "audio/webm;codecs=opus", audio: true, video: false },
    { file: "chromium-vp9-opus.mp4", mimeType: "video/mp4;codecs=vp9,opus", audio: true },
  ],
  firefox: [
    { file: "firefox-vp8-opus.webm", mimeType: "video/webm;codecs=vp8,opus", audio: true },
    { file: "firefox-vp8.webm", mimeType: "video/webm;codecs=vp8", audio: false },
    { file: "firefox-opus.webm", mimeType: "audio/webm;codecs=opus", audio: true, video: false },
  ],
};

/** How long each records; Firefox makes a key frame every ten seconds whatever one asks for. */
const SECONDS = { chromium: 6, firefox: 12 };

/** Runs in the page: records every recipe for `seconds`, one after the other. */
async function recordAll(recipes, seconds) {
  for (const { file, mimeType, audio, video = true } of recipes) {
    if (!MediaRecorder.isTypeSupported(mimeType)) {
      await fetch(`/skipped?${file}`, { method: "POST" });
      continue;
    }
    const picture = video && { width: 320, height: 240, frameRate: 15 };
    const stream = await navigator.mediaDevices.getUserMedia({ video: picture, audio });
    const recorder = new MediaRecorder(stream, {
      mimeType,
      videoBitsPerSecond: 100_000,
      audioBitsPerSecond: 16_000,
      videoKeyFrameIntervalDuration: 1000,
    });
    const slices = [];
    recorder.ondataavailable = ({ data }) => slices.push(data);
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start(250);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    recorder.stop();
    await stopped;
    for (const track of stream.getTracks()) track.stop();
    await fetch(`/recorded?${file}`, { method: "POST", body: new Blob(slices) });
  }
  await fetch("/done", { method: "POST" });
}

function page(recipes, seconds) {
  return `<!doctype html><meta charset="utf-8"><title>samples</title><script>
${recordAll}
recordAll(${JSON.stringify(recipes)}, ${seconds}).catch((error) => fetch("/failed", { method: "POST", body: String(error) }));
</script>`;
}

/** Serves the page and keeps what it posts; `finished` settles when the page is through. */
function serve(recipes, seconds) {
  const finished = deferred();
  const server = createServer(async (request, response) => {
    const [path, file] = request.url.split("?");
    const body = await buffer(request);
    if (path === "/recorded" && recipes.some((recipe) => recipe.file === file)) {
      writeFileSync(join(samples, file), body);
      console.log(`${file}: ${body.length} bytes`);
    }
    if (path === "/skipped") console.log(`${file}: not supported by this browser`);
    if (path === "/failed") finished.reject(new Error(body.toString()));
    if (path === "/done") finished.resolve();
    response.setHeader("content-type", "text/html").end(path === "/" ? page(recipes, seconds) : "");
  });
  return { server, finished: finished.promise };
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

const FIREFOX_PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
};

/** Starts the browser as a process group of its own, so that all of it can be ended. */
function start(executable, kind, profile, url) {
  const lines = Object.entries(FIREFOX_PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
  writeFileSync(join(profile, "user.js"), lines.join(""));
  const args = {
    chromium: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`,
      "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", url],
    firefox: ["--headless", "--no-remote", "--profile", profile, url],
  };
  return spawn(executable, args[kind], { detached: true, stdio: "ignore" });
}

async function end(browser) {
  if (browser.exitCode !== null) return;
  const gone = new Promise((resolve) => browser.once("exit", resolve));
  process.kill(-browser.pid, "SIGKILL");
  await gone;
}

const executable = process.argv[2] ?? "/usr/bin/chromium";
const kind = basename(executable).startsWith("firefox") ? "firefox" : "chromium";
const { server, finished } = serve(RECIPES[kind], SECONDS[kind]);
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const profile = mkdtempSync(join(tmpdir(), "handin-samples-"));
const browser = start(executable, kind, profile, `http://127.0.0.1:${server.address().port}/`);
try {
  await Promise.race([finished, delay(120_000).then(() => Promise.reject(new Error("the browser did not finish")))]);
} finally {
  await end(browser);
  server.closeAllConnections();
  server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
process.exit();
