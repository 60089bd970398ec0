/**
 * Every state of the page in a real Chromium, in both languages, on a phone and on a desktop: axe finds nothing, nothing
 * sticks out sideways, the heading has the focus, and nothing is refused by the server's policy.
 * `HANDIN_TEST_SCREENSHOTS` names a folder for the pictures.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { LANGUAGES } from "../src/record/format.js";
import { STATES } from "./fixtures/states.js";
import { become, did, Fixtures, type Look, overflowing, pictures, show, type Shown, SIZES, violations } from "./support/chromium.js";

const every = Object.keys(STATES);
const sizes = Object.keys(SIZES) as (keyof typeof SIZES)[];
const looks: Look[] = sizes.flatMap((size) => LANGUAGES.map((language) => ({ size, language })));
looks.push({ size: "desktop", language: "en", scheme: "dark" });

let fixtures: Fixtures;

beforeAll(async () => {
  fixtures = await Fixtures.start();
  if (pictures) mkdirSync(pictures, { recursive: true });
});

afterAll(() => fixtures?.stop());

describe.each(looks)("$size $language $scheme", (look) => {
  let shown: Shown;
  beforeAll(async () => {
    shown = await fixtures.open("loading", look);
  });
  afterAll(() => shown.page.context().close());

  test.each(every)("%s", async (state) => {
    const { page, complaints } = shown;
    await show(page, state);
    await page.getByRole("heading", { level: 1 }).waitFor();
    const name = `${state}-${look.scheme ?? look.language}-${look.size}.png`;
    if (pictures) await page.screenshot({ path: join(pictures, name), fullPage: true });
    expect(await violations(page)).toEqual([]);
    expect(await overflowing(page)).toEqual([]);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
    expect(await page.evaluate(() => document.documentElement.lang)).toBe(look.language);
    expect(complaints.splice(0)).toEqual([]);
  });
});

describe("a candidate", () => {
  const look: Look = { size: "desktop", language: "en" };
  let page: Shown["page"];
  const open = async (state: string) => {
    ({ page } = await fixtures.open(state, look));
    return page;
  };
  const button = (name: string) => page.getByRole("button", { name, exact: true });

  test("is asked before the recording stops, and Escape keeps it on", async () => {
    await open("recording");
    await button("Stop recording").click();
    const dialog = page.getByRole("dialog", { name: "Stop the recording?" });
    await dialog.waitFor();
    expect(await violations(page)).toEqual([]);
    if (pictures) await page.screenshot({ path: join(pictures, "stop-dialog.png") });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Keep recording");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await did(page)).toEqual([]);
    await button("Stop recording").click();
    await button("Stop now").click();
    expect(await did(page)).toEqual(["stop"]);
  });

  test("shares the screen again with one click, by keyboard alone", async () => {
    await open("share-stopped");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe("Share the screen again");
    await page.keyboard.press("Enter");
    expect(await did(page)).toEqual(["resume screen"]);
  });

  test("hears that the share stopped at once, and politely that it is back; figures say nothing", async () => {
    await open("recording");
    await become(page, "share-stopped");
    await expect.poll(() => page.getByRole("alert").textContent()).toBe("Screen: not being recorded");
    await become(page, "recording");
    await expect.poll(() => page.getByRole("status").textContent()).toBe("Screen is being recorded again.");
    await become(page, "recording-open");
    await become(page, "recording");
    expect(await page.getByRole("status").textContent()).toBe("Screen is being recorded again.");
  });

  test("keeps the place in the page when only the figures change", async () => {
    await open("recording");
    await button("Stop recording").focus();
    await become(page, "offline");
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe("Stop recording");
  });

  test("copies and saves the receipts", async () => {
    await open("finished-takes");
    await button("Copy receipts").click();
    await button("Copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.trimEnd().split("\n")).toHaveLength(4);
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Save receipts" }).click()]);
    expect(saved.suggestedFilename()).toBe("receipts-spring-2030-coding.txt");
    const chunks: Buffer[] = [];
    for await (const chunk of await saved.createReadStream()) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe(copied);
  });

  test("changes the language", async () => {
    await open("consent");
    await button("한국어").click();
    await page.getByRole("heading", { level: 1, name: "이 시험은 녹화됩니다" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("ko");
  });
});
