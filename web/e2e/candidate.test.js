// A candidate at the recording page: the shipped page in a real Chromium with fake devices, against the real binary and
// its store. Consent, check, recording, reload, a killed browser, a second tab, the bell, and the receipts at the end.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as passed } from "node:timers/promises";

import { FAKE_DEVICES } from "./lib/chromium.js";
import { complaintsOf, killAll, launchProfile, violations } from "./lib/driven.js";
import { Server } from "./lib/server.js";

const pictures = process.env.HANDIN_TEST_SCREENSHOTS;
/**
 * What may be lost when the browser is killed. On a quiet machine it is less than a second; here the encoder competes with
 * the other tests. What the page has shown as recorded is never lost, however busy the machine.
 */
const LOST_MS = 5000;

/** The page rounds to seconds, and the last frame's own length is not counted. */
const ROUNDED_MS = 1000;

let folder;
/** @type {Server} */
let server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "handin-candidate-"));
  if (pictures) mkdirSync(pictures, { recursive: true });
  server = await Server.start();
});

after(async () => {
  await killAll();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const platform = (...call) => server.platform(...call);

const NOTICE = { en: "Reviewers look only where something is in doubt.", ko: "확인이 필요한 경우에만 열람합니다." };

/** A sitting whose bell rings so many seconds from now, and its candidate's link. */
async function invite(exam, bellInS = 3600) {
  const ends_at = new Date(Date.now() + bellInS * 1000).toISOString();
  await platform("POST", "/v1/exams", { id: exam, title: "Spring recruitment", subjects: [{ id: "coding", title: "Coding", ends_at }], notice: NOTICE });
  const { page_url } = await platform("POST", `/v1/exams/${exam}/tokens`, { candidate: "c1", subject: "coding" });
  return page_url;
}

/** A browser with fake devices; the same profile again is the same candidate's browser. */
const startBrowser = (profile = mkdtempSync(join(folder, "profile-"))) => launchProfile(profile, ...FAKE_DEVICES, "--lang=en-US");

/** The page, and everything that the browser complained about. */
async function open({ context }, url) {
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(url);
  return { page, complaints };
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor({ timeout: 60_000 });
const notice = (page, name) => page.getByRole("heading", { level: 2, name }).waitFor({ timeout: 60_000 });
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function look(page, name) {
  if (pictures) await page.screenshot({ path: join(pictures, `candidate-${name}.png`), fullPage: true });
  assert.deepEqual(await violations(page), [], name);
}

/** From the open page to a running recording, without the check. */
async function record(page) {
  await press(page, "Agree and go on");
  await press(page, "Skip the check");
  await press(page, "Start recording");
  await heading(page, "Recording is on");
}

async function stop(page) {
  await press(page, "Stop recording");
  await press(page, "Stop now");
  await heading(page, "You may close this tab");
}

/** What the page says is recorded of each track, in milliseconds. */
const shownMs = (page) => page.evaluate(() => [...document.querySelectorAll("dl div:first-child dd")].map(({ textContent }) => {
  const [, min = 0, s = 0] = /(?:(\d+) min )?(\d+) s/.exec(textContent) ?? [];
  return (Number(min) * 60 + Number(s)) * 1000;
}));

/** Waits until the page shows so many seconds of every track. */
async function recorded(page, seconds) {
  for (const until = Date.now() + 90_000; Date.now() < until; await passed(200)) {
    if (Math.min(...(await shownMs(page))) >= seconds * 1000) return;
  }
  throw new Error(`the page never showed ${seconds} s of every track`);
}

/** The exam's recordings as the platform sees them, by track and take. */
async function recordings(exam) {
  const { items } = await platform("GET", `/v1/exams/${exam}/recordings`);
  const all = await Promise.all(items.map(({ id }) => platform("GET", `/v1/recordings/${id}`)));
  return all.sort((one, other) => one.track.localeCompare(other.track) || one.take - other.take);
}

/** Tracks and states alone: a machine that stands still for seconds makes a gap, and so one take more. */
const sealed = (all) => [...new Set(all.map(({ track, state }) => `${track} ${state}`))];

/** How long the stored object plays, in milliseconds, as ffprobe reads it. */
async function playingMs({ id }) {
  const { url } = await platform("POST", `/v1/recordings/${id}/link`, {});
  const file = join(folder, `${id}.webm`);
  writeFileSync(file, Buffer.from(await (await fetch(url)).arrayBuffer()));
  const args = ["-v", "error", "-show_entries", "packet=pts_time,duration_time", "-select_streams", "v", "-of", "json", file];
  const { packets } = JSON.parse(execFileSync("ffprobe", args, { encoding: "utf8", maxBuffer: 1 << 26 }));
  return Number(packets.at(-1).pts_time) * 1000;
}

test("the whole way: consent, check, recording, receipts", async () => {
  const browser = await startBrowser();
  const { page, complaints } = await open(browser, await invite("candidate-whole"));
  await heading(page, "Your exam is recorded");
  assert.equal(new URL(page.url()).hash, "", "the token does not stay in the address");
  await page.getByText(NOTICE.en).waitFor();
  await look(page, "consent");
  await press(page, "Agree and go on");
  await press(page, "Start the check");
  await page.getByRole("button", { name: "Go on" }).waitFor({ timeout: 60_000 });
  const checks = await page.locator("section li").allTextContents();
  assert.equal(checks.filter((text) => text.includes("does not work")).length, 0, checks.join("\n"));
  assert.ok(checks.length >= 10, checks.join("\n"));
  await look(page, "check");
  await press(page, "Go on");
  await page.getByLabel("What your camera sees").waitFor();
  await look(page, "ready");
  await press(page, "Start recording");
  await heading(page, "Recording is on");
  await recorded(page, 4);
  assert.match(await page.title(), /^● Recording/);
  await look(page, "recording");
  await stop(page);
  await look(page, "finished");
  const all = await recordings("candidate-whole");
  assert.deepEqual(sealed(all), ["screen sealed", "webcam sealed"]);
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Save receipts" }).click()]);
  const receipts = readFileSync(await saved.path(), "utf8").trimEnd().split("\n");
  assert.deepEqual(receipts.sort(), all.map(({ receipt }) => receipt).sort());
  assert.deepEqual(complaints, []);
});

test("a reload in the middle asks for nothing twice and loses nothing", async () => {
  const browser = await startBrowser();
  const { page, complaints } = await open(browser, await invite("candidate-reload"));
  await record(page);
  await recorded(page, 3);
  await page.reload();
  await heading(page, "Go on recording");
  await notice(page, /^Your earlier recording/);
  await look(page, "back");
  await press(page, "Go on recording");
  await heading(page, "Recording is on");
  await recorded(page, 6);
  await stop(page);
  const all = await recordings("candidate-reload");
  assert.deepEqual(sealed(all), ["screen sealed", "webcam sealed"]);
  assert.equal(await page.locator("section li").count(), all.length);
  for (const track of ["screen", "webcam"]) {
    const [first, second] = all.filter((recording) => recording.track === track);
    assert.equal(second.manifest.continues, first.id);
  }
  assert.deepEqual(complaints, []);
});

test("killed with -9, opened again: receipts for both tracks, and at most the last second is lost", async (t) => {
  const url = await invite("candidate-killed");
  const first = await startBrowser();
  const { page } = await open(first, url);
  await record(page);
  await recorded(page, 8);
  const [shown, killedAt] = [Math.min(...(await shownMs(page))), Date.now()];
  await first.kill();
  const second = await startBrowser(first.profile);
  const again = await open(second, url);
  await heading(again.page, "Go on recording");
  await notice(again.page, "Your earlier recording is safe");
  await press(again.page, "I have finished the exam");
  await heading(again.page, "You may close this tab");
  const all = await recordings("candidate-killed");
  assert.deepEqual(sealed(all), ["screen sealed", "webcam sealed"]);
  for (const track of ["screen", "webcam"]) {
    const takes = all.filter((recording) => recording.track === track);
    const playing = await Promise.all(takes.map(playingMs));
    const arrived = playing.reduce((sum, ms) => sum + ms, 0);
    assert.ok(arrived > shown - ROUNDED_MS, `${track}: ${shown} ms were shown as recorded, ${arrived} ms arrived`);
    const lost = killedAt - (Date.parse(takes.at(-1).manifest.started_at) + playing.at(-1));
    t.diagnostic(`${track}: ${Math.round(lost)} ms lost`);
    assert.ok(lost < LOST_MS, `${track}: ${Math.round(lost)} ms are lost`);
  }
  assert.deepEqual(again.complaints, []);
});

test("a second tab is told where it is recorded", async () => {
  const browser = await startBrowser();
  const url = await invite("candidate-tabs");
  const { page } = await open(browser, url);
  await record(page);
  const other = await open(browser, url);
  await heading(other.page, "This exam is already open in another tab");
  await look(other.page, "elsewhere");
  await stop(page);
});

test("the bell ends the recording", async () => {
  const browser = await startBrowser();
  const { page } = await open(browser, await invite("candidate-bell", 25));
  await record(page);
  await heading(page, "You may close this tab");
  await page.getByText("The exam ended and the recording stopped by itself.").waitFor();
  assert.deepEqual(sealed(await recordings("candidate-bell")), ["screen sealed", "webcam sealed"]);
  await page.reload();
  await heading(page, "You may close this tab");
});

test("without internet the recording goes on, says so, and is handed in afterwards", async () => {
  const browser = await startBrowser();
  const { page } = await open(browser, await invite("candidate-offline"));
  await record(page);
  await browser.context.setOffline(true);
  await notice(page, "No internet connection");
  await look(page, "offline");
  await recorded(page, 3);
  await press(page, "Stop recording");
  await press(page, "Stop now");
  await heading(page, "The recording is being handed in");
  await page.getByText("as soon as the internet is back").waitFor();
  await look(page, "finishing-offline");
  await browser.context.setOffline(false);
  await heading(page, "You may close this tab");
  assert.deepEqual(sealed(await recordings("candidate-offline")), ["screen sealed", "webcam sealed"]);
});

/** Waits until the server takes a token no more. */
async function over(token) {
  const ask = () => fetch(`${server.api.url}/v1/sitting`, { headers: { authorization: `Bearer ${token}` } });
  for (const until = Date.now() + 60_000; (await ask()).status !== 401; await passed(100)) {
    assert.ok(Date.now() < until, "the token never expired");
  }
}

test("a link that is incomplete, and one that is over, say what to do", async () => {
  const browser = await startBrowser();
  const { page } = await open(browser, `${server.api.url}/record`);
  await heading(page, "This link is not complete");
  await invite("candidate-expired");
  const { token } = await platform("POST", "/v1/exams/candidate-expired/tokens", { candidate: "c1", subject: "coding", ttl_s: 1 });
  await over(token);
  const late = await open(browser, `${server.api.url}/record#token=${token}`);
  await heading(late.page, "This link has expired");
});
