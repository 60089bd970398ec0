/** The real Chromium on the fixtures, and what it is asked about a page. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";

import type { Language } from "../../src/record/format.js";
import { buildFixtures } from "./fixtures.js";
import { serve, type Site } from "./site.js";

export const SIZES = { phone: { width: 360, height: 640 }, desktop: { width: 1280, height: 800 } } as const;
/** Where pictures go; nowhere when it is not set. */
export const pictures = process.env["HANDIN_TEST_SCREENSHOTS"];

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const executablePath = process.env["HANDIN_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** How a page is looked at. */
export interface Look {
  readonly size: keyof typeof SIZES;
  readonly language: Language;
  readonly scheme?: "light" | "dark";
}

/** A page, and every complaint that the browser had about it. */
export interface Shown {
  readonly page: Page;
  readonly complaints: string[];
}

/** The fixtures, built and served, and a browser for them. */
export class Fixtures {
  static async start(): Promise<Fixtures> {
    const folder = mkdtempSync(join(tmpdir(), "handin-states-"));
    await buildFixtures(folder);
    const [site, browser] = await Promise.all([serve(folder), chromium.launch({ executablePath, args })]);
    return new Fixtures(folder, site, browser);
  }

  private constructor(
    readonly folder: string,
    readonly site: Site,
    readonly browser: Browser,
  ) {}

  /** Opens a state on a page of its own. */
  async open(state: string, { size, language, scheme = "light" }: Look): Promise<Shown> {
    const context = await this.browser.newContext({
      viewport: SIZES[size],
      colorScheme: scheme,
      reducedMotion: "reduce",
      timezoneId: "Asia/Seoul",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(`${this.site.url}/?state=${state}&language=${language}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    return { page, complaints };
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.site.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Asked {
  readonly fixture: { readonly did: string[]; show(state: string): void; become(state: string): void };
  readonly axe: { run(): Promise<AxeResults> };
}

/** Shows another state as a page that was opened with it. */
export const show = (page: Page, state: string) =>
  page.evaluate((next) => (globalThis as unknown as Asked).fixture.show(next), state);

/** Lets the page that is open come into another state. */
export const become = (page: Page, state: string) =>
  page.evaluate((next) => (globalThis as unknown as Asked).fixture.become(next), state);

/** What the candidate did, as the page told its session. */
export const did = (page: Page) => page.evaluate(() => (globalThis as unknown as Asked).fixture.did);

/** What axe has to say, each with where it says it. */
export async function violations(page: Page): Promise<string[]> {
  // Through the debugger's world, which the page's own policy does not bind.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const found = await page.evaluate(() => (globalThis as unknown as Asked).axe.run());
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

/** Elements that stick out of the window sideways. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll("body *")].filter((node) => {
      const { right, width } = node.getBoundingClientRect();
      return width > 1 && right > document.documentElement.clientWidth + 0.5;
    });
    return wide.map((node) => `${node.tagName}.${node.className}`);
  });
}
