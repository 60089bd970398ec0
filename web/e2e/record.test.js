// The page for finished files in a real Chromium against the real binary: send, reload, send again, receipts, both languages.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.HANDIN_TEST_BINARY ?? join(root, "target/debug/handin");
const executablePath = process.env.HANDIN_TEST_CHROMIUM ?? "/usr/bin/chromium";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const webcam = join(root, "samples/webcam-1.webm");
const screen = join(root, "samples/screen-1.webm");
const PHONE = { width: 360, height: 640 };

let folder;
let server;
let ready;
let browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "handin-page-"));
  const args = ["serve", "--json", "--data", folder, "--listen", "127.0.0.1:0", "--store-listen", "127.0.0.1:0"];
  server = spawn(binary, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    ready = JSON.parse(line);
    break;
  }
  browser = await chromium.launch({
    executablePath,
    args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
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

async function invite(exam, candidate) {
  await platform("POST", "/v1/exams", { id: exam, title: exam, subjects: [{ id: "coding" }] });
  const { page_url } = await platform("POST", `/v1/exams/${exam}/tokens`, { candidate, subject: "coding" });
  return page_url.replace("/record#", "/record/file#");
}

async function open(url, locale = "en-US") {
  const context = await browser.newContext({ locale, viewport: PHONE, bypassCSP: false });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(url);
  return { page, complaints, context };
}

async function violations(page) {
  // Run through the debugger's world, which the page's own policy does not bind.
  await page.evaluate(axe);
  return page.evaluate(async () => (await globalThis.axe.run()).violations.map((found) => `${found.id}: ${found.help}`));
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

test("both files reach the store whole, and the candidate may close the tab", async () => {
  const url = await invite("page-send", "c1");
  const { page, complaints, context } = await open(url);
  assert.equal(new URL(page.url()).hash, "", "the token does not stay in the address");
  for (const [track, file] of [["Webcam", webcam], ["Screen", screen]]) {
    const group = page.getByRole("group", { name: track });
    await group.getByLabel("Recording file").setInputFiles(file);
    await group.getByRole("button", { name: "Send" }).click();
    await group.getByText("checked by the server").waitFor();
    assert.match(await group.getByRole("link", { name: "Save receipt" }).getAttribute("download"), /\.jws$/);
  }
  await page.getByText("You may close this tab.", { exact: false }).last().waitFor();
  const { items } = await platform("GET", "/v1/exams/page-send/recordings?state=sealed");
  assert.deepEqual(items.map(({ track }) => track).sort(), ["screen", "webcam"]);
  for (const { id, track } of items) {
    const { url } = await platform("POST", `/v1/recordings/${id}/link`, {});
    const stored = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.equal(sha256(stored), sha256(readFileSync(track === "webcam" ? webcam : screen)));
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

test("after a reload the same file is the same recording", async () => {
  const url = await invite("page-again", "c1");
  const { page, context } = await open(url);
  for (let round = 0; round < 2; round += 1) {
    const group = page.getByRole("group", { name: "Webcam" });
    await group.getByLabel("Recording file").setInputFiles(webcam);
    await group.getByRole("button", { name: "Send" }).click();
    await group.getByText("checked by the server").waitFor();

    await page.reload();
  }
  const { items } = await platform("GET", "/v1/exams/page-again/recordings");
  assert.equal(items.length, 1);
  await context.close();
});

test("a link without a token says what to do", async () => {
  const { page, context } = await open(`${ready.api}/record/file`);
  await page.getByText("open the link of your invitation again").waitFor();
  await context.close();
});

for (const [locale, heading] of [["en-US", "Send your recordings"], ["ko-KR", "녹화 파일 제출"]]) {
  test(`the page is accessible and fits a phone in ${locale}`, async () => {
    const url = await invite(`page-axe-${locale.slice(0, 2)}`, "c1");
    const { page, context } = await open(url, locale);
    await page.getByRole("heading", { name: heading }).waitFor();
    assert.deepEqual(await violations(page), []);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
    if (process.env.HANDIN_TEST_SCREENSHOTS) {
      await page.screenshot({ path: join(process.env.HANDIN_TEST_SCREENSHOTS, `record-${locale}.png`), fullPage: true });
    }
    await context.close();
  });
}
