// Records the small files of `samples/container` anew with a real browser's MediaRecorder and its fake devices.
//
//   node scripts/record-samples.js /usr/bin/chromium
//   node scripts/record-samples.js /usr/bin/firefox-esr
//
// What the files must become is written anew by `HANDIN_UPDATE_VECTORS=1 npx vitest run vectors`.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { kindOf, runPage } from "./page.js";

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

/** Runs in the page: records every recipe for `seconds`, one after the other; answers which this browser cannot. */
async function recordAll({ recipes, seconds }) {
  const skipped = [];
  for (const { file, mimeType, audio, video = true } of recipes) {
    if (!MediaRecorder.isTypeSupported(mimeType)) {
      skipped.push(file);
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
    await fetch(`/${file}`, { method: "POST", body: new Blob(slices) });
  }
  return skipped;
}

const executable = process.argv[2] ?? "/usr/bin/chromium";
const kind = kindOf(executable);
const recipes = RECIPES[kind];
const skipped = await runPage({
  executable,
  script: recordAll,
  argument: { recipes, seconds: SECONDS[kind] },
  respond(file, body, response) {
    if (recipes.some((recipe) => recipe.file === file)) {
      writeFileSync(join(samples, file), body);
      console.log(`${file}: ${body.length} bytes`);
    }
    response.end();
  },
});
for (const file of skipped) console.log(`${file}: this browser cannot`);
