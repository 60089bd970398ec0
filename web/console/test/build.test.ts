/** What the server carries is what these sources build. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { at } from "../sources.js";

const COMMITTED = at("../../crates/handin/assets/record");
const vite = join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin/vite.js");

let built: string;

beforeAll(() => {
  built = mkdtempSync(join(tmpdir(), "handin-build-"));
  // A process of its own, because this one says NODE_ENV=test and the compiler listens to that.
  const env = { ...process.env, NODE_ENV: "production" };
  execFileSync(process.execPath, [vite, "build", "--logLevel", "warn", "--outDir", built, "--emptyOutDir"], { cwd: at("."), env });
});

afterAll(() => rmSync(built, { recursive: true, force: true }));

const files = (folder: string) => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

test("the committed page is what the sources build: else `npm run build --workspace console`", () => {
  expect(files(COMMITTED)).toEqual(files(built));
  const stale = files(built).filter((file) => !readFileSync(join(COMMITTED, file)).equals(readFileSync(join(built, file))));
  expect(stale).toEqual([]);
});

test("page, worker and service worker are files of their own under names that stay", () => {
  expect(files(built)).toEqual(["index.html", "record.css", "record.js", "rehearse.js", "service-worker.js", "worker.js"]);
});

test("the page asks nobody but its own server for anything, and writes nothing inline", () => {
  const html = readFileSync(join(built, "index.html"), "utf8");
  expect(html).not.toMatch(/<style|style=|<script(?![^>]*src=)/);
  const asked = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url);
  expect(asked.sort()).toEqual(["/record/record.css", "/record/record.js", "data:,"]);
  const css = readFileSync(join(built, "record.css"), "utf8");
  expect(css).not.toMatch(/@import|url\(/);
});
