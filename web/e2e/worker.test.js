// The recorder's worker in a real Chromium against the real binary: bytes in, receipts out, the browser killed between.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.HANDIN_TEST_BINARY ?? join(root, "target/debug/handin");
const executablePath = process.env.HANDIN_TEST_CHROMIUM ?? "/usr/bin/chromium";
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const webcam = readFileSync(join(root, "samples/webcam-1.webm"));
const MIB = 1 << 20;
const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let folder;
let dist;
let server;
let ready;
let pages;
/** Those that a failed test left. */
const browsers = new Set();
let origin;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "handin-worker-"));
  dist = join(folder, "recorder");
  execFileSync(process.execPath, [tsc, "-p", join(root, "web/recorder/tsconfig.build.json"), "--outDir", dist]);
  const args = ["serve", "--json", "--data", join(folder, "data"), "--listen", "127.0.0.1:0", "--store-listen", "127.0.0.1:0"];
  server = spawn(binary, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    ready = JSON.parse(line);
    break;
  }
  pages = createServer(serveFile).listen(0, "127.0.0.1");
  await new Promise((resolve) => pages.once("listening", resolve));
  origin = `http://127.0.0.1:${pages.address().port}`;
});

after(async () => {
  for (const kill of browsers) await kill();
  pages?.close();
  if (server && server.exitCode === null) {
    const gone = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    await gone;
  }
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** An empty page, a worker in a browser without a private file system, and the built recorder below them. */
const MADE = {
  "/": ["text/html", "<!doctype html><title>test</title>"],
  "/no-opfs.js": ["text/javascript", `Object.defineProperty(StorageManager.prototype, "getDirectory", { value: undefined });`],
  "/indexeddb.js": ["text/javascript", `import "/no-opfs.js"; import "/worker/worker.js";`],
};

function serveFile({ url }, response) {
  const path = normalize(new URL(url, "http://localhost").pathname);
  const made = MADE[path];
  if (made) return response.setHeader("content-type", made[0]).end(made[1]);
  try {
    const type = extname(path) === ".js" ? "text/javascript" : "application/octet-stream";
    response.setHeader("content-type", type).end(readFileSync(join(dist, path)));
  } catch {
    response.writeHead(404).end();
  }
}

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

async function invite(exam, candidate) {
  await platform("POST", "/v1/exams", { id: exam, title: exam, subjects: [{ id: "coding" }] });
  const { token } = await platform("POST", `/v1/exams/${exam}/tokens`, { candidate, subject: "coding" });
  const sitting = { exam: { id: exam }, subject: { id: "coding" }, candidate, clock: { offsetMs: 0, uncertaintyMs: 0 } };
  return { kind: "hello", server: ready.api, token, sitting };
}

/** A browser of its own process group and with a profile that outlives it. */
async function startBrowser(profile) {
  const args = [...FLAGS, `--user-data-dir=${profile}`, "--remote-debugging-port=0", "about:blank"];
  const browser = spawn(executablePath, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const kill = async () => {
    browsers.delete(kill);
    if (browser.exitCode !== null || browser.signalCode !== null) return;
    const gone = new Promise((resolve) => browser.once("exit", resolve));
    process.kill(-browser.pid, "SIGKILL");
    await gone;
  };
  browsers.add(kill);
  for await (const line of createInterface({ input: browser.stderr })) {
    const [, address] = /DevTools listening on (\S+)/.exec(line) ?? [];
    if (address === undefined) continue;
    const { [0]: context } = (await chromium.connectOverCDP(address)).contexts();
    return { context, kill };
  }
  throw new Error("the browser did not start");
}

/** A page with a worker that has said hello; `until(text)` waits for a message that satisfies the expression. */
async function openPage(context, hello, worker = "/worker/worker.js") {
  const page = await context.newPage();
  await page.goto(origin);
  await page.evaluate(({ hello, worker }) => {
    globalThis.heard = [];
    globalThis.worker = new Worker(worker, { type: "module" });
    globalThis.worker.onmessage = ({ data }) => globalThis.heard.push({ ...data, at: performance.now() });
    globalThis.worker.postMessage(hello);
  }, { hello, worker });
  const until = async (text) => {
    const found = await page.waitForFunction((text) => {
      const wanted = new Function("message", `return ${text}`);
      return globalThis.heard.find((message) => wanted(message));
    }, text, { timeout: 30_000 });
    return found.jsonValue();
  };
  return { page, until };
}

const manifest = {
  version: 1,
  started_at: "2026-11-22T05:00:00.000Z",
  clock: { offset_ms: 0, uncertainty_ms: 5 },
  gaps: [],
  capture: { mime_type: "video/webm", video_bits_per_second: 500_000 },
  ended: "stopped",
};

/** Records bytes that look random, the same for the same seed, in chunks. */
async function feed(page, { local, track, from = 0, size, end }) {
  await page.evaluate(({ local, track, from, size, end, manifest }) => {
    const { worker } = globalThis;
    if (from === 0) worker.postMessage({ kind: "begin", local, track, contentType: "video/mp4", startedAt: Date.now(), manifest });
    for (let at = from; at < size; at += 200_000) {
      const bytes = new Uint8Array(Math.min(200_000, size - at)).map((_, i) => ((at + i) * 2654435761) >>> 13);
      worker.postMessage({ kind: "chunk", local, bytes: bytes.buffer, recordedMs: at / 100 }, [bytes.buffer]);
    }
    if (end) worker.postMessage({ kind: "end", local, manifest });
    globalThis.endedAt = performance.now();
  }, { local, track, from, size, end, manifest });
}

const expected = (size) => new Uint8Array(size).map((_, i) => (i * 2654435761) >>> 13);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

async function stored(exam, track) {
  const { items } = await platform("GET", `/v1/exams/${exam}/recordings?state=sealed&track=${track}`);
  assert.equal(items.length, 1, JSON.stringify(items));
  const { url } = await platform("POST", `/v1/recordings/${items[0].id}/link`, {});
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}

test("both tracks are sealed soon after their end, every byte in its place", async () => {
  const browser = await startBrowser(mkdtempSync(join(folder, "profile-")));
  const { page, until } = await openPage(browser.context, await invite("whole", "c1"));
  await until(`message.kind === "ready"`);
  const size = 12 * MIB + 345;
  await feed(page, { local: randomUUID(), track: "webcam", size, end: false });
  await until(`message.kind === "uploads" && message.takes[0].storedBytes === ${10 * MIB}`);
  const [{ local }] = (await until(`message.kind === "uploads"`)).takes;
  await page.evaluate(({ local, manifest }) => {
    globalThis.endedAt = performance.now();
    globalThis.worker.postMessage({ kind: "end", local, manifest });
  }, { local, manifest });
  const sealed = await until(`message.kind === "uploads" && message.takes[0].status === "sealed"`);
  const tookMs = sealed.at - (await page.evaluate(() => globalThis.endedAt));
  assert.ok(tookMs < 1_000, `${tookMs} ms from the end to the receipt`);
  console.log(`# receipt ${Math.round(tookMs)} ms after the end`);
  assert.equal(sealed.takes[0].receipt.split(".").length, 3);
  assert.equal(sha256(await stored("whole", "webcam")), sha256(expected(size)));
  await browser.kill();
});

for (const [disk, worker] of [["opfs", "/worker/worker.js"], ["indexeddb", "/indexeddb.js"]]) {
  test(`killed in the middle, the next start finishes it without anybody's doing (${disk})`, () => survive(disk, worker));
}

async function survive(disk, worker) {
  const exam = `killed-${disk}`;
  const profile = mkdtempSync(join(folder, "profile-"));
  const hello = await invite(exam, "c1");
  const first = await startBrowser(profile);
  const { page, until } = await openPage(first.context, hello, worker);
  await until(`message.kind === "ready"`);
  // Paused, so that most of it stands in the spool alone when the browser dies.
  await page.evaluate(() => globalThis.worker.postMessage({ kind: "yield", maxBytesPerS: 0 }));
  const size = 7 * MIB + 77;
  await feed(page, { local: randomUUID(), track: "screen", size, end: false });
  await until(`message.kind === "durable" && message.recordedBytes === ${size}`);
  await first.kill();
  const second = await startBrowser(profile);
  const again = await openPage(second.context, hello, worker);
  const recovered = await again.until(`message.kind === "ready"`);
  assert.deepEqual(recovered.takes.map(({ status, recordedBytes }) => [status, recordedBytes]), [["ended", size]]);
  await again.until(`message.kind === "uploads" && message.takes[0].status === "sealed"`);
  assert.equal(sha256(await stored(exam, "screen")), sha256(expected(size)));
  // The receipt stays, the bytes go.
  await again.page.reload();
  const third = await openPage(second.context, hello, worker);
  const kept = await third.until(`message.kind === "ready"`);
  assert.equal(kept.takes[0].status, "sealed");
  await second.kill();
}

test("closed with everything unsent, the service worker finishes it", async () => {
  const browser = await startBrowser(mkdtempSync(join(folder, "profile-")));
  const hello = await invite("closed", "c1");
  const { page, until } = await openPage(browser.context, hello);
  await until(`message.kind === "ready"`);
  await page.evaluate(() => globalThis.worker.postMessage({ kind: "yield", maxBytesPerS: 0 }));
  const size = 6 * MIB + 5;
  await feed(page, { local: randomUUID(), track: "webcam", size, end: false });
  await until(`message.kind === "durable" && message.recordedBytes === ${size}`);
  await page.evaluate(async ({ server, token, sitting }) => {
    const { registerFinisher } = await import("/service-worker/register.js");
    const finisher = await registerFinisher("/service-worker/service-worker.js");
    const { active, installing } = await navigator.serviceWorker.getRegistration("/service-worker/");
    if (!active) await new Promise((resolve) => installing.addEventListener("statechange", ({ target }) => target.state === "activated" && resolve()));
    addEventListener("pagehide", () => finisher.finishLater({ server, token, sitting }));
  }, hello);
  const keepsTheBrowserOpen = await browser.context.newPage();
  await page.close();
  const latest = Date.now() + 30_000;
  let items = [];
  while (items.length === 0 && Date.now() < latest) {
    await keepsTheBrowserOpen.waitForTimeout(200);
    ({ items } = await platform("GET", "/v1/exams/closed/recordings?state=sealed"));
  }
  assert.equal(sha256(await stored("closed", "webcam")), sha256(expected(size)));
  // The next page learns of it by asking, and gets the receipt.
  const next = await openPage(browser.context, hello);
  await next.until(`message.kind === "uploads" && message.takes[0].status === "sealed"`);
  await browser.kill();
});

test("with little room, confirmed parts make place for the rest, and nothing is lost", async () => {
  const browser = await startBrowser(mkdtempSync(join(folder, "profile-")));
  const { page, until } = await openPage(browser.context, await invite("room", "c1"));
  await until(`message.kind === "ready"`);
  const devtools = await browser.context.newCDPSession(page);
  // Part 1 stays until the end, and Chromium reserves up to twice the segment that grows.
  const quotaSize = 22 * MIB;
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
  const [local, step, steps] = [randomUUID(), 2 * MIB, 17];
  await feed(page, { local, track: "webcam", size: step, end: false });
  for (let done = 1; done < steps; done += 1) {
    await until(`message.kind === "durable" && message.recordedBytes === ${done * step}`);
    await feed(page, { local, from: done * step, size: step * (done + 1), end: done === steps - 1 });
  }
  const sealed = await until(`message.kind === "uploads" && message.takes[0].status === "sealed"`);
  assert.equal(sealed.takes[0].recordedBytes, steps * step);
  assert.ok(steps * step > quotaSize);
  assert.equal(sha256(await stored("room", "webcam")), sha256(expected(steps * step)));
  await browser.kill();
});

test("a short WebM leaves with its index", async () => {
  const browser = await startBrowser(mkdtempSync(join(folder, "profile-")));
  const { page, until } = await openPage(browser.context, await invite("short", "c1"));
  await until(`message.kind === "ready"`);
  await page.evaluate(({ base64, manifest }) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const { worker } = globalThis;
    const local = crypto.randomUUID();
    worker.postMessage({ kind: "begin", local, track: "webcam", contentType: "video/webm", startedAt: Date.now(), manifest });
    worker.postMessage({ kind: "chunk", local, bytes: bytes.buffer, recordedMs: 1000 }, [bytes.buffer]);
    worker.postMessage({ kind: "end", local, manifest });
  }, { base64: webcam.toString("base64"), manifest });
  await until(`message.kind === "uploads" && message.takes[0].status === "sealed"`);
  const object = await stored("short", "webcam");
  // Cues (RFC 9559, 5.1.5) stand before the first cluster.
  const cues = object.indexOf(Buffer.from("1c53bb6b", "hex"));
  assert.ok(cues > 0 && cues < object.indexOf(Buffer.from("1f43b675", "hex")), `Cues at ${cues}`);
  await browser.kill();
});

test("a second tab is told, and goes on when the first one is closed", async () => {
  const browser = await startBrowser(mkdtempSync(join(folder, "profile-")));
  const hello = await invite("tabs", "c1");
  const first = await openPage(browser.context, hello);
  await first.until(`message.kind === "ready"`);
  const second = await openPage(browser.context, hello);
  await second.until(`message.kind === "elsewhere"`);
  await first.page.close();
  await second.until(`message.kind === "ready"`);
  await browser.kill();
});
