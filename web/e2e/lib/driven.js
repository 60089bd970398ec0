// A Chromium that playwright drives: for pages whose words, roles and focus matter. Where visibility, memory or the bytes on
// their way are measured, `chromium.js` is used instead.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

import { EXECUTABLE, QUIET } from "./chromium.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Browsers that still run; a test that fails must not leave them behind. */
const running = new Set();

/** Starts a browser that hands out fresh contexts. */
export async function launch(...flags) {
  return chromium.launchServer({ executablePath: EXECUTABLE, args: [...QUIET, ...flags] });
}

/**
 * Starts a browser over a profile folder, in a process group of its own, so that it can be killed whole and begun again.
 * @returns {Promise<{ context: import("playwright-core").BrowserContext, profile: string, kill: () => Promise<void> }>}
 */
export async function launchProfile(profile, ...flags) {
  const args = [...QUIET, ...flags, `--user-data-dir=${profile}`, "--remote-debugging-port=0", "about:blank"];
  const child = spawn(EXECUTABLE, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const kill = async () => {
    running.delete(kill);
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
    await gone;
  };
  running.add(kill);
  for await (const line of createInterface({ input: child.stderr })) {
    const [, address] = /DevTools listening on (\S+)/.exec(line) ?? [];
    if (address === undefined) continue;
    const connected = await chromium.connectOverCDP(address);
    return { context: connected.contexts()[0], profile, kill };
  }
  throw new Error("the browser did not start");
}

/** Kills every browser with a profile that a test left running. */
export async function killAll() {
  for (const kill of running) await kill();
}

/** What the browser complains about from now on: an error, a refusal by the page's policy, a lost file. */
export function complaintsOf(page) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  return complaints;
}

/** What axe finds wrong with the page, a line each. */
export async function violations(page) {
  // Run through the debugger's world, which the page's own policy does not bind.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  return page.evaluate(async () => (await globalThis.axe.run()).violations.map(({ id, help, nodes }) => {
    return `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`;
  }));
}
