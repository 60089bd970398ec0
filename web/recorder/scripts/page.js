// Runs one page by itself in a headless browser, Chromium or Firefox, without a driver: the page asks this process for
// what it needs and posts what it found, over the loopback.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buffer } from "node:stream/consumers";

/** Which of the two a program is. */
export function kindOf(executable) {
  return basename(executable).startsWith("firefox") ? "firefox" : "chromium";
}

/**
 * Opens a page that consists of the function `script`, called with `argument`, and answers what it returns.
 *
 * `respond(name, body, response)` answers what the page asks for at `/{name}`; the page has a camera, a microphone and
 * the right to play. Fails when the script fails or is not done after `limitMs`.
 */
export async function runPage({ executable, script, argument, respond, limitMs = 120_000 }) {
  const { server, result } = serve(script, argument, respond);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const profile = mkdtempSync(join(tmpdir(), "handin-page-"));
  const browser = start(executable, profile, `http://127.0.0.1:${server.address().port}/`);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the page was not done after ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([result, late, failed(browser)]);
  } finally {
    clearTimeout(timer);
    await end(browser);
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function serve(script, argument, respond) {
  let settle;
  const result = new Promise((resolve, reject) => (settle = { resolve, reject }));
  const server = createServer(async (request, response) => {
    const name = decodeURIComponent(request.url.slice(1));
    const body = await buffer(request);
    if (name === "") return response.setHeader("content-type", "text/html").end(html(script, argument));
    if (name === "done") settle.resolve(JSON.parse(body.toString()));
    else if (name === "failed") settle.reject(new Error(body.toString()));
    else return respond(name, body, response, request);
    response.end();
  });
  return { server, result };
}

function html(script, argument) {
  return `<!doctype html><meta charset="utf-8"><title>handin</title><body><script>
const post = (name, body) => fetch("/" + name, { method: "POST", body });
(${script})(${JSON.stringify(argument)}).then(
  (result) => post("done", JSON.stringify(result ?? null)),
  (error) => post("failed", String(error.stack ?? error)),
);
</script>`;
}

const CHROMIUM = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required"];

const FIREFOX_PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
};

/** Starts the browser as a process group of its own, so that all of it can be ended. */
function start(executable, profile, url) {
  const options = { detached: true, stdio: "ignore" };
  if (kindOf(executable) === "chromium") return spawn(executable, [...CHROMIUM, `--user-data-dir=${profile}`, url], options);
  const lines = Object.entries(FIREFOX_PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
  writeFileSync(join(profile, "user.js"), lines.join(""));
  return spawn(executable, ["--headless", "--no-remote", "--profile", profile, url], options);
}

function failed(browser) {
  return new Promise((_, reject) => {
    browser.once("error", reject);
    browser.once("exit", (code, signal) => reject(new Error(`the browser ended early: ${code ?? signal}`)));
  });
}

async function end(browser) {
  if (browser.pid === undefined || browser.exitCode !== null) return;
  const gone = new Promise((resolve) => browser.once("exit", resolve));
  process.kill(-browser.pid, "SIGKILL");
  await gone;
}
