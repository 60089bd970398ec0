// A candidate at the recording page: the shipped page in a real Chromium with fake devices, against the real binary and
// its store. Consent, check, recording, reload, a killed browser, a second tab, the bell, and the receipts at the end.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as passed } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.HANDIN_TEST_BINARY ?? join(root, "target/debug/handin");
const executablePath = process.env.HANDIN_TEST_CHROMIUM ?? "/usr/bin/chromium";
const pictures = process.env.HANDIN_TEST_SCREENSHOTS;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--lang=en-US"];
/**
 * What may be lost when the browser is killed. On a quiet machine it is less than a second; here the encoder competes with
 * the other tests. What the page has shown as recorded is never lost, however busy the machine.
 */
const LOST_MS = 5000;

/** The page rounds to seconds, and the last frame's own length is not counted. */
const ROUNDED_MS = 1000;

let folder;
let server;
let ready;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "handin-candidate-"));
  if (pictures) mkdirSync(pictures, { recursive: true });
  const args = ["serve", "--json", "--data", join(folder, "data"), "--listen", "127.0.0.1:0", "--store-listen", "127.0.0.1:0"];
  server = spawn(binary, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    ready = JSON.parse(line);
    break;
  }
});

after(async () => {
  if (server && server.exitCode === null) {
    const gone = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    await gone;
  }
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function platform(method, path, body) {
  const response = await fetch(ready.api + path, {
    method,
    headers: { authorization: `Bearer ${ready.api_key}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

const NOTICE = { en: "Reviewers look only where something is in doubt.", ko: "확인이 필요한 경우에만 열람합니다." };

/** A sitting whose bell rings so many seconds from now, and its candidate's link. */
async function invite(exam, bellInS = 3600) {
  const ends_at = new Date(Date.now() + bellInS * 1000).toISOString();
  await platform("POST", "/v1/exams", { id: exam, title: "Spring recruitment", subjects: [{ id: "coding", title: "Coding", ends_at }], notice: NOTICE });
  const { page_url } = await platform("POST", `/v1/exams/${exam}/tokens`, { candidate: "c1", subject: "coding" });
  return page_url;
}

/** A browser of its own process group and with a profile that outlives it; it is killed with its test at the latest. */
async function startBrowser(t, profile = mkdtempSync(join(folder, "profile-"))) {
  const args = [...FLAGS, `--user-data-dir=${profile}`, "--remote-debugging-port=0", "about:blank"];
  const child = spawn(executablePath, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  for await (const line of createInterface({ input: child.stderr })) {
    const [, address] = /DevTools listening on (\S+)/.exec(line) ?? [];
    if (address === undefined) continue;
    const connected = await chromium.connectOverCDP(address);
    const kill = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      process.kill(-child.pid, "SIGKILL");
      await gone;
    };
    t.after(kill);
    return { context: connected.contexts()[0], profile, kill };
  }
  throw new Error("the browser did not start");
}

/** The page, and everything that the browser complained about: an error, a refusal by the page's policy, a lost file. */
async function open({ context }, url) {
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(url);
  return { page, complaints };
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor({ timeout: 60_000 });
const notice = (page, name) => page.getByRole("heading", { level: 2, name }).waitFor({ timeout: 60_000 });
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function look(page, name) {
  if (pictures) await page.screenshot({ path: join(pictures, `candidate-${name}.png`), fullPage: true });
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const found = await page.evaluate(async () => (await globalThis.axe.run()).violations.map(({ id, help }) => `${id}: ${help}`));
  assert.deepEqual(found, [], name);
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

test("the whole way: consent, check, recording, receipts", async (t) => {
  const browser = await startBrowser(t);
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

test("a reload in the middle asks for nothing twice and loses nothing", async (t) => {
  const browser = await startBrowser(t);
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
  const first = await startBrowser(t);
  const { page } = await open(first, url);
  await record(page);
  await recorded(page, 8);
  const [shown, killedAt] = [Math.min(...(await shownMs(page))), Date.now()];
  await first.kill();
  const second = await startBrowser(t, first.profile);
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

test("a second tab is told where it is recorded", async (t) => {
  const browser = await startBrowser(t);
  const url = await invite("candidate-tabs");
  const { page } = await open(browser, url);
  await record(page);
  const other = await open(browser, url);
  await heading(other.page, "This exam is already open in another tab");
  await look(other.page, "elsewhere");
  await stop(page);
});

test("the bell ends the recording", async (t) => {
  const browser = await startBrowser(t);
  const { page } = await open(browser, await invite("candidate-bell", 25));
  await record(page);
  await heading(page, "You may close this tab");
  await page.getByText("The exam ended and the recording stopped by itself.").waitFor();
  assert.deepEqual(sealed(await recordings("candidate-bell")), ["screen sealed", "webcam sealed"]);
  await page.reload();
  await heading(page, "You may close this tab");
});

test("without internet the recording goes on, says so, and is handed in afterwards", async (t) => {
  const browser = await startBrowser(t);
  const { page } = await open(browser, await invite("candidate-offline"));
  await record(page);
  await browser.context.setOffline(true);
  await notice(page, "No internet connection");
  await look(page, "offline");
  await passed(1000);
  await press(page, "Stop recording");
  await press(page, "Stop now");
  await heading(page, "The recording is being handed in");
  await page.getByText("as soon as the internet is back").waitFor();
  await look(page, "finishing-offline");
  await browser.context.setOffline(false);
  await heading(page, "You may close this tab");
  assert.deepEqual(sealed(await recordings("candidate-offline")), ["screen sealed", "webcam sealed"]);
});

test("a link that is incomplete, and one that is over, say what to do", async (t) => {
  const browser = await startBrowser(t);
  const { page } = await open(browser, `${ready.api}/record`);
  await heading(page, "This link is not complete");
  await invite("candidate-expired");
  const { token } = await platform("POST", "/v1/exams/candidate-expired/tokens", { candidate: "c1", subject: "coding", ttl_s: 1 });
  await passed(1500);
  const late = await open(browser, `${ready.api}/record#token=${token}`);
  await heading(late.page, "This link has expired");
});
