import { existsSync } from "node:fs";
import { Readable } from "node:stream";

import { runPage } from "../../scripts/page.js";

const installed = {
  Chromium: process.env.HANDIN_TEST_CHROMIUM ?? "/usr/bin/chromium",
  Firefox: process.env.HANDIN_TEST_FIREFOX ?? "/usr/bin/firefox-esr",
};
/** Those that are there; where everything must be tested, a missing one is a failed test and not a shorter list. */
const isWanted = ([, executable]) => process.env.HANDIN_TEST_ALL === "1" || existsSync(executable);
export const browsers = Object.fromEntries(Object.entries(installed).filter(isWanted));

/** Runs in the page. */
async function seekAll(wanted) {
  const within = (promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 10_000, null))]);
  const once = (target, event) => within(new Promise((resolve) => target.addEventListener(event, resolve, { once: true })));
  const found = {};
  for (const [name, places] of Object.entries(wanted)) {
    const video = document.body.appendChild(document.createElement("video"));
    video.src = `/${name}`;
    if ((await once(video, "loadeddata")) === null) throw new Error(`${name} does not load: ${video.error?.message}`);
    const duration = Number.isFinite(video.duration) ? video.duration : null;
    const seeks = [];
    for (const place of places) {
      const seeked = once(video, "seeked");
      video.currentTime = place;
      seeks.push((await seeked) && video.currentTime);
    }
    found[name] = { duration, seeks };
    video.remove();
  }
  return found;
}

export async function play(executable, files) {
  const sent = {};
  const found = await runPage({
    executable,
    script: seekAll,
    argument: Object.fromEntries(Object.entries(files).map(([name, { seeks }]) => [name, seeks])),
    respond(name, _, response, request) {
      const file = files[name];
      if (file === undefined) return response.writeHead(404).end();
      const [, from] = /bytes=(\d+)-/.exec(request.headers.range ?? "") ?? [];
      send(name, file.bytes, from, response, (bytes) => (sent[name] = (sent[name] ?? 0) + bytes));
    },
  });
  for (const [name, played] of Object.entries(found)) played.sent = sent[name];
  return found;
}

/** Sends a file from a place on, no faster than it is taken, and counts. */
function send(name, bytes, from, response, count) {
  const start = Number(from ?? 0);
  response.writeHead(from === undefined ? 200 : 206, {
    "accept-ranges": "bytes",
    "content-length": bytes.length - start,
    "content-type": name.endsWith(".mkv") ? "video/x-matroska" : "video/webm",
    ...(from !== undefined && { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
  });
  Readable.from(slices(bytes, start, count)).pipe(response);
}

function* slices(bytes, start, count) {
  for (let at = start; at < bytes.length; at += 64 * 1024) {
    const slice = bytes.subarray(at, at + 64 * 1024);
    count(slice.length);
    yield slice;
  }
}
