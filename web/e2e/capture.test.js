// The recorder's page side in a real Chromium against the real binary: what is refused, interrupted, rehearsed and shown.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as passed } from "node:timers/promises";

import { chromium } from "playwright-core";

import { runPage } from "../recorder/scripts/page.js";
import { FAKE_DEVICES } from "./lib/chromium.js";
import { launch, violations } from "./lib/driven.js";
import { Server } from "./lib/server.js";
import { serveRecorder, startSite } from "./lib/site.js";

const firefox = process.env.HANDIN_TEST_FIREFOX ?? "/usr/bin/firefox-esr";
/** Shares a whole monitor, or with `TAB` only the page itself. */
const MONITOR = FAKE_DEVICES;
const TAB = ["--use-fake-device-for-media-stream=display-media-type=browser", "--use-fake-ui-for-media-stream"];

/** @type {Server} */
let server;
let site;
const browsers = [];

before(async () => {
  server = await Server.start();
  site = await startSite();
  Object.entries(PAGES).forEach(([path, page]) => site.serve(path, page));
});

after(async () => {
  for (const browser of browsers) await browser.close();
  await site?.close();
  await server?.stop();
});

const HEAD = `<!doctype html><html lang="en"><title>recorder</title><link rel="icon" href="data:,"><main><h1>Exam</h1>`;
const PAGES = {
  "/empty": `${HEAD}<button id="gesture">click</button></main>`,
  "/element": `${HEAD}<script type="module" src="/recorder/element.js"></script></main>`,
};

const platform = (...call) => server.platform(...call);

const invite = (exam, more = {}) => server.invite(exam, "c1", more);

/** The recordings of an exam as `GET /v1/recordings/{id}` gives them, oldest take first. */
async function recordings(exam, track) {
  const { items } = await platform("GET", `/v1/exams/${exam}/recordings?track=${track}`);
  const all = await Promise.all(items.map(({ id }) => platform("GET", `/v1/recordings/${id}`)));
  return all.sort((one, other) => one.take - other.take);
}

async function start(...flags) {
  const browser = await launch(...flags);
  browsers.push(browser);
  return { browser, context: await (await chromium.connect(browser.wsEndpoint())).newContext() };
}

/** A page with a recorder that is ready. What passes between page and worker is heard in `said`. */
async function open(context, token) {
  const page = await context.newPage();
  await page.addInitScript(() => {
    globalThis.said = [];
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, ...rest) {
      globalThis.worker = this;
      globalThis.said.push({ ...message, bytes: undefined });
      return postMessage.call(this, message, ...rest);
    };
  });
  await page.goto(`${site.origin}/empty`);
  await page.evaluate(async ({ server, token }) => {
    const { createRecorder } = await import("/recorder/index.js");
    globalThis.recorder = createRecorder({ server, token });
  }, { server: server.api.url, token });
  await until(page, `state.phase === "ready"`);
  return page;
}

/** Waits for a state of which the expression is true, and gives it. */
async function until(page, text) {
  const found = await page.waitForFunction((text) => {
    const { state } = globalThis.recorder;
    return new Function("state", `return ${text}`)(state) && state;
  }, text, { timeout: 60_000 });
  return found.jsonValue();
}

/** Calls the recorder in a real click; answers `done`, or the code that it was refused with. */
async function click(page, call) {
  await page.evaluate((call) => {
    document.querySelector("#gesture").onclick = () => {
      globalThis.outcome = new Function("recorder", `return ${call}`)(globalThis.recorder).then(() => "done", ({ code }) => code);
    };
  }, call);
  await page.click("#gesture");
  return page.evaluate(() => globalThis.outcome);
}

const stop = (page) => page.evaluate(() => globalThis.recorder.stop());

test("less than the whole monitor is refused before anything is recorded", async () => {
  const { token } = await invite("monitor");
  const { context } = await start(...TAB);
  // The fake picker obeys the page's hint, which a candidate need not.
  await context.addInitScript(() => {
    const { getDisplayMedia } = MediaDevices.prototype;
    MediaDevices.prototype.getDisplayMedia = function (options) {
      return getDisplayMedia.call(this, { ...options, video: { ...options.video, displaySurface: undefined } });
    };
  });
  const page = await open(context, token);
  assert.equal(await click(page, "recorder.start()"), "not_whole_monitor");
  const state = await page.evaluate(() => globalThis.recorder.state);
  assert.deepEqual([state.phase, state.problem.code, state.takes], ["ready", "not_whole_monitor", []]);
  assert.equal(await page.evaluate(() => globalThis.recorder.stream("screen")), null);
  assert.deepEqual((await platform("GET", "/v1/exams/monitor/recordings")).items, []);
  assert.equal(await click(page, "recorder.start()"), "not_whole_monitor", "it can be chosen again");
});

test("a share that becomes less than the monitor in the middle is interrupted, and the candidate is told why", async () => {
  const { token } = await invite("switched");
  const { context } = await start(...MONITOR);
  const page = await open(context, token);
  assert.equal(await click(page, "recorder.start()"), "done");
  await until(page, `state.takes.length === 2`);
  // No headless browser lets anybody switch: its track says so as one that was switched would.
  await page.evaluate(() => {
    const [track] = globalThis.recorder.stream("screen").getVideoTracks();
    const settings = track.getSettings();
    track.getSettings = () => ({ ...settings, displaySurface: "window" });
    track.dispatchEvent(new Event("configurationchange"));
  });
  const { problem, tracks } = await until(page, `state.tracks.some(({ canResume }) => canResume)`);
  assert.equal(problem.code, "not_whole_monitor");
  assert.deepEqual(tracks.map(({ track, status }) => [track, status]), [["webcam", "live"], ["screen", "interrupted"]]);
  assert.equal((await stop(page)).phase, "finished");
});

test("a stopped share is a gap, one click brings it back, and the webcam goes on meanwhile", async () => {
  const { token } = await invite("share");
  const { context } = await start(...MONITOR);
  const page = await open(context, token);
  assert.equal(await click(page, "recorder.start()"), "done");
  await until(page, `state.takes.length === 2 && state.takes.every(({ recordedMs }) => recordedMs > 1500)`);
  // The browser's own "stop sharing" cannot be pressed headless: it ends the track and tells so, in this order.
  await page.evaluate(() => {
    const [track] = globalThis.recorder.stream("screen").getVideoTracks();
    track.stop();
    track.dispatchEvent(new Event("ended"));
  });
  const during = await until(page, `state.tracks.some(({ canResume }) => canResume)`);
  assert.deepEqual(during.tracks.map(({ track, status, interruption }) => [track, status, interruption]), [
    ["webcam", "live", null],
    ["screen", "interrupted", "share_stopped"],
  ]);
  assert.equal(await click(page, `recorder.resume("screen")`), "done");
  await until(page, `state.takes.length === 3 && state.takes[2].recordedMs > 1000`);
  const { phase, takes } = await stop(page);
  assert.equal(phase, "finished");
  assert.deepEqual(takes.map(({ track, status }) => [track, status]).sort(), [["screen", "sealed"], ["screen", "sealed"], ["webcam", "sealed"]]);
  const [one, two] = await recordings("share", "screen");
  assert.equal(one.manifest.ended, "share_stopped");
  assert.equal(one.manifest.capture.display_surface, "monitor");
  assert.equal(two.manifest.continues, one.id);
  const [gap] = two.manifest.gaps;
  assert.deepEqual([gap.reason, gap.to_ms], ["share_stopped", 0]);
  const between = Date.parse(two.manifest.started_at) + gap.from_ms - Date.parse(one.manifest.started_at);
  assert.ok(Math.abs(between - one.manifest.gaps[0].from_ms) <= 2, "both takes mean the same moment");
  assert.equal((await recordings("share", "webcam")).length, 1);
});

test("a machine that slept has the gap in its recordings, and records on by itself", async () => {
  const { token } = await invite("sleep");
  const { browser, context } = await start(...MONITOR);
  const page = await open(context, token);
  assert.equal(await click(page, "recorder.start()"), "done");
  await until(page, `state.takes.length === 2 && state.takes.every(({ recordedMs }) => recordedMs > 1500)`);
  const { pid } = browser.process();
  process.kill(-pid, "SIGSTOP");
  await passed(13_000);
  process.kill(-pid, "SIGCONT");
  await until(page, `state.takes.length === 4 && state.takes.slice(2).every(({ recordedMs }) => recordedMs > 1000)`);
  const { phase } = await stop(page);
  assert.equal(phase, "finished");
  for (const track of ["webcam", "screen"]) {
    const [one, two] = await recordings("sleep", track);
    assert.equal(one.manifest.ended, "asleep");
    assert.equal(two.manifest.continues, one.id);
    const [{ reason, from_ms, to_ms }] = two.manifest.gaps;
    assert.equal(reason, "asleep");
    assert.ok(to_ms - from_ms > 12_000 && to_ms - from_ms < 17_000, `${to_ms - from_ms} ms`);
  }
});

test("less room means less quality, a full spool a gap, and room again the next take", async () => {
  const { token } = await invite("room");
  const { context } = await start(...MONITOR);
  const page = await open(context, token);
  assert.equal(await click(page, "recorder.start()"), "done");
  const tell = (room) => page.evaluate((room) => {
    globalThis.worker.dispatchEvent(new MessageEvent("message", { data: { kind: "room", room } }));
  }, room);
  await until(page, `state.takes.length === 2`);
  await tell("low");
  await until(page, `state.takes.length === 4 && state.tracks.every(({ status, lowered }) => status === "live" && lowered)`);
  await tell("full");
  await until(page, `state.tracks.every(({ interruption, canResume }) => interruption === "spool_full" && !canResume)`);
  await tell("enough");
  await until(page, `state.takes.length === 6 && state.tracks.every(({ status }) => status === "live")`);
  await stop(page);
  const takes = await recordings("room", "webcam");
  assert.deepEqual(takes.map(({ manifest }) => [manifest.capture.video_bits_per_second, manifest.ended]), [
    [500_000, "quality_lowered"],
    [250_000, "spool_full"],
    [125_000, "stopped"],
  ]);
});

test("uploads begin slowly beside a call and are free when it is over", async () => {
  const { token } = await invite("call");
  const { context } = await start(...MONITOR);
  const page = await open(context, token);
  assert.equal(await click(page, "recorder.start()"), "done");
  await page.evaluate(async () => {
    const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
    one.onicecandidate = ({ candidate }) => other.addIceCandidate(candidate);
    other.onicecandidate = ({ candidate }) => one.addIceCandidate(candidate);
    for (const track of globalThis.recorder.stream("webcam").getTracks()) one.addTrack(track);
    await one.setLocalDescription(await one.createOffer());
    await other.setRemoteDescription(one.localDescription);
    await other.setLocalDescription(await other.createAnswer());
    await one.setRemoteDescription(other.localDescription);
    globalThis.calls = [one, other];
    globalThis.recorder.yieldTo(one);
  });
  const limits = () => page.evaluate(() => globalThis.said.filter(({ kind }) => kind === "yield").map(({ maxBytesPerS }) => maxBytesPerS));
  await page.waitForFunction(() => globalThis.said.filter(({ kind }) => kind === "yield").length >= 3);
  const [first, ...later] = await limits();
  assert.equal(first, 48 * 1024);
  assert.ok(later.every((limit) => limit === null || limit >= 0));
  await page.evaluate(() => globalThis.calls.forEach((call) => call.close()));
  await page.waitForFunction(() => globalThis.said.filter(({ kind }) => kind === "yield").at(-1).maxBytesPerS === null);
  assert.equal((await stop(page)).phase, "finished");
});

test("a rehearsal finds everything in order, and tells apart what may be wrong with the way to the store", async () => {
  const { token } = await invite("rehearsal");
  const { context } = await start(...MONITOR);
  const page = await open(context, token);
  await page.evaluate(() => {
    document.querySelector("#gesture").onclick = () => (globalThis.report = globalThis.recorder.rehearse());
  });
  await page.click("#gesture");
  const report = await page.evaluate(() => globalThis.report);
  const bad = report.checks.filter(({ outcome }) => outcome === "bad");
  assert.deepEqual(bad, []);
  const names = report.checks.map(({ name }) => name).sort();
  assert.deepEqual(names, ["camera", "clock", "encoder", "microphone", "persistence", "room", "screen", "server", "store", "uplink"]);
  assert.ok(report.uplinkBytesPerS > report.neededBytesPerS && report.finishMs > 0);
  assert.deepEqual((await platform("GET", "/v1/exams/rehearsal/recordings")).items, []);

  const store = `${new URL(server.store.url).origin}/**`;
  const found = async (name) => {
    const { checks } = await page.evaluate(() => globalThis.recorder.rehearse({ devices: false }));
    return checks.findLast((check) => check.name === name)?.code;
  };
  const ways = {
    store_blocked: (route) => route.abort(),
    store_cors: (route) => (route.request().method() === "GET" ? route.continue() : route.abort()),
    proxy_fakes_success: (route) => (route.request().method() === "PUT" ? route.fulfill({ status: 200, headers: { "access-control-allow-origin": "*" } }) : route.continue()),
    proxy_answers: (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<html>log in</html>", headers: { "access-control-allow-origin": "*" } }),
    store_clock: (route) => route.fulfill({ status: 403, contentType: "application/xml", body: "<Error><Code>RequestTimeTooSkewed</Code></Error>", headers: { "access-control-allow-origin": "*" } }),
  };
  for (const [code, way] of Object.entries(ways)) {
    await page.route(store, way);
    assert.equal(await found("store"), code);
    await page.unroute(store);
  }
  await page.route(`${server.api.url}/**`, (route) => route.abort());
  assert.equal(await found("server"), "server_unreachable");
  await page.unroute(`${server.api.url}/**`);
  await page.evaluate(() => (Date.now = ((now) => () => now() - 600_000)(Date.now)));
  assert.equal(await found("clock"), "clock_skewed");
});

for (const [lang, words] of Object.entries({ en: { start: "Start recording", stop: "Stop recording", receipt: "Save receipt" }, ko: { start: "녹화 시작", stop: "녹화 종료", receipt: "영수증 저장" } })) {
  test(`the element records without a line of code, for everybody, in ${lang}`, async () => {
    const { token } = await invite(`element-${lang}`, { notice: { en: "Kept for 30 days.", ko: "30일 동안 보관합니다." } });
    const { context } = await start(...MONITOR);
    const page = await context.newPage();
    await page.setViewportSize({ width: 360, height: 640 });
    await page.goto(`${site.origin}/element`);
    await page.evaluate(({ server, token, lang }) => {
      document.documentElement.lang = lang;
      const element = document.createElement("handin-recorder");
      Object.entries({ server, token }).forEach(([name, value]) => element.setAttribute(name, value));
      document.querySelector("main").append(element);
    }, { server: server.api.url, token, lang });
    const shoot = async (name) => {
      if (process.env.HANDIN_TEST_SCREENSHOTS) await page.screenshot({ path: join(process.env.HANDIN_TEST_SCREENSHOTS, `element-${name}-${lang}.png`), fullPage: true });
    };
    await page.getByText(lang === "en" ? "Kept for 30 days." : "30일 동안 보관합니다.").waitFor();
    assert.deepEqual(await violations(page), []);
    await shoot("ready");
    await page.getByRole("button", { name: words.start }).click();
    await page.getByRole("button", { name: words.stop }).waitFor();
    await page.waitForFunction(() => document.querySelector("handin-recorder").recorder.state.takes.length === 2);
    assert.deepEqual(await violations(page), []);
    await shoot("recording");
    await page.getByRole("button", { name: words.stop }).click();
    await page.getByRole("link", { name: words.receipt }).nth(1).waitFor();
    assert.deepEqual(await violations(page), []);
    await shoot("finished");
    const { items } = await platform("GET", `/v1/exams/element-${lang}/recordings?state=sealed`);
    assert.deepEqual(items.map(({ track }) => track).sort(), ["screen", "webcam"]);
  });
}

/** Runs in Firefox's page: no driver, no gesture, so the webcam alone. */
async function recordWebcam({ server, token }) {
  const { createRecorder } = await import("/recorder/index.js");
  const recorder = createRecorder({ server, token });
  const until = (isThere) => new Promise((resolve) => recorder.subscribe((state) => isThere(state) && resolve(state)));
  await until(({ phase }) => phase === "ready");
  await recorder.start();
  await until(({ takes }) => takes.some(({ recordedMs }) => recordedMs > 4_000));
  const report = await recorder.rehearse({ devices: false });
  const { phase, takes, mayClose } = await recorder.stop();
  return { phase, mayClose, statuses: takes.map(({ status }) => status), checks: report.checks.map(({ name, outcome }) => [name, outcome]) };
}

test("Firefox records, rehearses and hands in", { skip: process.env.HANDIN_TEST_ALL !== "1" && !existsSync(firefox) && "there is no Firefox" }, async () => {
  const { token } = await invite("firefox", { tracks: ["webcam"] });
  const respond = (name, _, response) => serveRecorder(`/${name}`, response);
  const found = await runPage({ executable: firefox, script: recordWebcam, argument: { server: server.api.url, token }, respond, limitMs: 240_000 });
  assert.deepEqual([found.phase, found.mayClose, found.statuses], ["finished", true, ["sealed"]]);
  assert.deepEqual(found.checks.filter(([, outcome]) => outcome === "bad"), []);
  const [{ manifest, content_type }] = await recordings("firefox", "webcam");
  assert.equal(manifest.capture.mime_type, content_type);
  assert.match(content_type, /^video\/webm;codecs=vp8/);
});
