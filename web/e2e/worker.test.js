// The recorder's worker in a real Chromium against the real binary: bytes in, receipts out, the browser killed between.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { killAll, launchProfile } from "./lib/driven.js";
import { Server } from "./lib/server.js";
import { startSite } from "./lib/site.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const webcam = readFileSync(join(root, "samples/webcam-1.webm"));
const MIB = 1 << 20;

let folder;
/** @type {Server} */
let server;
let site;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "handin-worker-"));
  server = await Server.start();
  site = await startSite();
  Object.entries(MADE).forEach(([path, body]) => site.serve(path, body));
});

after(async () => {
  await killAll();
  await site?.close();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** An empty page, and a worker in a browser without a private file system. */
const MADE = {
  "/empty": "<!doctype html><title>test</title>",
  "/no-opfs.js": `Object.defineProperty(StorageManager.prototype, "getDirectory", { value: undefined });`,
  "/indexeddb.js": `import "/no-opfs.js"; import "/recorder/worker/worker.js";`,
};

const platform = (...call) => server.platform(...call);

async function invite(exam, candidate) {
  const { token } = await server.invite(exam, candidate);
  const sitting = { exam: { id: exam }, subject: { id: "coding" }, candidate, clock: { offsetMs: 0, uncertaintyMs: 0 } };
  return { kind: "hello", server: server.api.url, token, sitting };
}

/** A page with a worker that has said hello; `until(text)` waits for a message that satisfies the expression. */
async function openPage(context, hello, worker = "/recorder/worker/worker.js") {
  const page = await context.newPage();
  await page.goto(`${site.origin}/empty`);
  await page.evaluate(({ hello, worker }) => {
    globalThis.heard = [];
    globalThis.worker = new Worker(worker, { type: "module" });
    globalThis.worker.onmessage = ({ data }) => globalThis.heard.push(data);
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

test("parts leave while it records, and every byte is in its place", async () => {
  const browser = await launchProfile(mkdtempSync(join(folder, "profile-")));
  const { page, until } = await openPage(browser.context, await invite("whole", "c1"));
  await until(`message.kind === "ready"`);
  const size = 12 * MIB + 345;
  await feed(page, { local: randomUUID(), track: "webcam", size, end: false });
  await until(`message.kind === "uploads" && message.takes[0].storedBytes === ${10 * MIB}`);
  const [{ local }] = (await until(`message.kind === "uploads"`)).takes;
  await page.evaluate(({ local, manifest }) => globalThis.worker.postMessage({ kind: "end", local, manifest }), { local, manifest });
  const sealed = await until(`message.kind === "uploads" && message.takes[0].status === "sealed"`);
  assert.equal(sealed.takes[0].receipt.split(".").length, 3);
  assert.equal(sha256(await stored("whole", "webcam")), sha256(expected(size)));
  await browser.kill();
});

for (const [disk, worker] of [["opfs", "/recorder/worker/worker.js"], ["indexeddb", "/indexeddb.js"]]) {
  test(`killed in the middle, the next start finishes it without anybody's doing (${disk})`, () => survive(disk, worker));
}

async function survive(disk, worker) {
  const exam = `killed-${disk}`;
  const profile = mkdtempSync(join(folder, "profile-"));
  const hello = await invite(exam, "c1");
  const first = await launchProfile(profile);
  const { page, until } = await openPage(first.context, hello, worker);
  await until(`message.kind === "ready"`);
  // Paused, so that most of it stands in the spool alone when the browser dies.
  await page.evaluate(() => globalThis.worker.postMessage({ kind: "yield", maxBytesPerS: 0 }));
  const size = 7 * MIB + 77;
  await feed(page, { local: randomUUID(), track: "screen", size, end: false });
  await until(`message.kind === "durable" && message.recordedBytes === ${size}`);
  await first.kill();
  const second = await launchProfile(profile);
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
  const browser = await launchProfile(mkdtempSync(join(folder, "profile-")));
  const hello = await invite("closed", "c1");
  const { page, until } = await openPage(browser.context, hello);
  await until(`message.kind === "ready"`);
  await page.evaluate(() => globalThis.worker.postMessage({ kind: "yield", maxBytesPerS: 0 }));
  const size = 6 * MIB + 5;
  await feed(page, { local: randomUUID(), track: "webcam", size, end: false });
  await until(`message.kind === "durable" && message.recordedBytes === ${size}`);
  await page.evaluate(async ({ server, token, sitting }) => {
    const { registerFinisher } = await import("/recorder/service-worker/register.js");
    const finisher = await registerFinisher("/recorder/service-worker/service-worker.js");
    const { active, installing } = await navigator.serviceWorker.getRegistration("/recorder/service-worker/");
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
  const browser = await launchProfile(mkdtempSync(join(folder, "profile-")));
  const { page, until } = await openPage(browser.context, await invite("room", "c1"));
  await until(`message.kind === "ready"`);
  const devtools = await browser.context.newCDPSession(page);
  // Part 1 stays until the end, and Chromium reserves up to twice the segment that grows.
  const quotaSize = 22 * MIB;
  await devtools.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize });
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
  const browser = await launchProfile(mkdtempSync(join(folder, "profile-")));
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
  const browser = await launchProfile(mkdtempSync(join(folder, "profile-")));
  const hello = await invite("tabs", "c1");
  const first = await openPage(browser.context, hello);
  await first.until(`message.kind === "ready"`);
  const second = await openPage(browser.context, hello);
  await second.until(`message.kind === "elsewhere"`);
  await first.page.close();
  await second.until(`message.kind === "ready"`);
  await browser.kill();
});
