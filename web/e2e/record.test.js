// The page for finished files in a real Chromium against the real binary: send, reload, send again, receipts, both languages.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { EXECUTABLE, QUIET } from "./lib/chromium.js";
import { complaintsOf, violations } from "./lib/driven.js";
import { Server } from "./lib/server.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const webcam = join(root, "samples/webcam-1.webm");
const screen = join(root, "samples/screen-1.webm");
const PHONE = { width: 360, height: 640 };

/** @type {Server} */
let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await chromium.launch({ executablePath: EXECUTABLE, args: QUIET });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const platform = (...call) => server.platform(...call);

async function invite(exam, candidate) {
  const { page_url } = await server.invite(exam, candidate);
  return page_url.replace("/record#", "/record/file#");
}

async function open(url, locale = "en-US") {
  const context = await browser.newContext({ locale, viewport: PHONE, bypassCSP: false });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto(url);
  return { page, complaints, context };
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
  const { page, context } = await open(`${server.api.url}/record/file`);
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
