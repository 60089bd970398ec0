/**
 * Every state of the page in a real Chromium, in both languages, on a phone and on a desktop: axe finds nothing, nothing
 * sticks out sideways, the heading has the focus, and nothing is refused by the server's policy.
 * `HANDIN_TEST_SCREENSHOTS` names a folder for the pictures.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { LANGUAGES } from "../src/record/format.js";
import { STATES } from "./fixtures/states.js";
import { buildFixtures } from "./support/fixtures.js";
import { serve, type Site } from "./support/site.js";

const SIZES = { phone: { width: 360, height: 640 }, desktop: { width: 1280, height: 800 } } as const;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.env["HANDIN_TEST_SCREENSHOTS"];
const executablePath = process.env["HANDIN_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let folder: string;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "handin-states-"));
  await buildFixtures(folder);
  [site, browser] = await Promise.all([serve(folder), chromium.launch({ executablePath, args })]);
  if (pictures) mkdirSync(pictures, { recursive: true });
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Look {
  readonly size: keyof typeof SIZES;
  readonly scheme?: "light" | "dark";
}

/** A page on which every complaint of the browser is kept. */
async function open({ size, scheme = "light" }: Look): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme: scheme,
    reducedMotion: "reduce",
    timezoneId: "Asia/Seoul",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  return { page, complaints };
}

const show = (page: Page, state: string, language: string) => page.goto(`${site.url}/?state=${state}&language=${language}`);

/** What axe has to say, each with where it says it. */
async function violations(page: Page): Promise<string[]> {
  // Through the debugger's world, which the page's own policy does not bind.
  await page.evaluate(axe);
  const found = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

/** Elements that stick out of the window sideways. */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll("body *")].filter((node) => {
      const { right, width } = node.getBoundingClientRect();
      return width > 1 && right > document.documentElement.clientWidth + 0.5;
    });
    return wide.map((node) => `${node.tagName}.${node.className}`);
  });
}

const every = Object.keys(STATES);

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  for (const language of LANGUAGES) {
    describe(`${size}, ${language}`, () => {
      let page: Page;
      let complaints: string[];
      beforeAll(async () => {
        ({ page, complaints } = await open({ size }));
      });
      afterAll(() => page.context().close());

      test.each(every)("%s", async (state) => {
        await show(page, state, language);
        await page.getByRole("heading", { level: 1 }).waitFor();
        if (pictures) await page.screenshot({ path: join(pictures, `${state}-${language}-${size}.png`), fullPage: true });
        expect(await violations(page)).toEqual([]);
        expect(await overflowing(page)).toEqual([]);
        expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
        expect(await page.evaluate(() => document.documentElement.lang)).toBe(language);
        expect(complaints.splice(0)).toEqual([]);
      });
    });
  }
}

describe("dark", () => {
  test("every state keeps its contrast", async () => {
    const { page } = await open({ size: "desktop", scheme: "dark" });
    for (const state of every) {
      await show(page, state, "en");
      await page.getByRole("heading", { level: 1 }).waitFor();
      if (pictures) await page.screenshot({ path: join(pictures, `${state}-dark.png`), fullPage: true });
      expect([state, await violations(page)]).toEqual([state, []]);
    }
    await page.context().close();
  });
});
