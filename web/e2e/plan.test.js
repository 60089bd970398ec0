// The planner's page in a real Chromium: nothing on the console, nothing that axe finds, nothing wider than a phone or a
// sheet of A4, in both languages.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.HANDIN_TEST_BINARY ?? join(root, "target/debug/handin");
const executablePath = process.env.HANDIN_TEST_CHROMIUM ?? "/usr/bin/chromium";
const pictures = process.env.HANDIN_TEST_SCREENSHOTS;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const BELL = ["--candidates", "5000", "--subjects", "2", "--live", "800k", "--data-centre", "5G", "--compare", "data-centre=20G,uplink=us"];
/** A4 without its margins of 15 mm, at the 96 pixels an inch that CSS prints with. */
const SHEET = { width: 680, height: 1009 };
const PHONE = { width: 390, height: 844 };

let folder;
let browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "handin-plan-"));
  if (pictures) mkdirSync(pictures, { recursive: true });
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Opens the page in a language, and what it says on the console or asks of the network. */
async function open(language) {
  const file = join(folder, `${language}.html`);
  execFileSync(binary, ["plan", ...BELL, "--lang", language, "--html", file], { stdio: ["ignore", "ignore", "inherit"] });
  // The page's own policy forbids scripts, also the one that looks for faults.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  const heard = [];
  page.on("console", (message) => heard.push(message.text()));
  page.on("pageerror", (error) => heard.push(error.message));
  page.on("request", (request) => heard.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, heard: () => heard.filter((said) => said !== pathToFileURL(file).href) };
}

/** By how many pixels the widest thing on the page stands out. */
function sticksOut(page, selector) {
  return page.evaluate((selector) => {
    const over = [...document.querySelectorAll(selector)].map((one) => one.getBoundingClientRect().right - document.documentElement.clientWidth);
    return Math.max(...over);
  }, selector);
}

for (const language of ["en", "ko"]) {
  test(`the page in ${language} is quiet, accessible, and fits`, async () => {
    const { page, heard } = await open(language);
    assert.deepEqual(heard(), []);
    assert.equal(await page.locator("figure svg.plot").count(), 8);
    await page.evaluate(axe);
    const found = await page.evaluate(async () => (await globalThis.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`));
    assert.deepEqual(found, []);

    await page.setViewportSize(PHONE);
    // Wide tables scroll in their own frames; the page itself does not.
    assert.ok((await sticksOut(page, "body, main, figure, .wide")) <= 0, "the page is wider than a phone");
    if (pictures) await page.screenshot({ path: join(pictures, `plan-${language}-phone.png`), fullPage: true });

    await page.emulateMedia({ media: "print" });
    await page.setViewportSize(SHEET);
    assert.ok((await sticksOut(page, "table, figure")) <= 0, "a table is wider than the sheet");
    if (pictures) await page.screenshot({ path: join(pictures, `plan-${language}-a4.png`), fullPage: true });
    await page.context().close();
  });
}
