// A real Chromium with fake devices, driven by its own debugging protocol over a pipe.
//
// Not by a driver library: those make every tab look visible and keep copies of what is sent, and both would change what is
// measured here. The browser is the leader of its own process group, so that all of it can be killed at once.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Debian's Chromium, unless told otherwise. */
export const EXECUTABLE = process.env.HANDIN_TEST_CHROMIUM ?? "/usr/bin/chromium";
/** What every test browser is started with. */
export const QUIET = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio"];
/** A webcam, a microphone and a whole monitor, all synthetic; every permission is granted. */
export const FAKE_DEVICES = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** A running browser. */
export class Chromium {
  #child;
  #next = 1;
  #waiting = new Map();
  #listeners = new Set();
  #rest = "";

  /**
   * Starts a browser over a profile folder; the same folder again is the same candidate's browser the next day.
   * @param {string} profile
   * @param {string[]} flags beside the ones that keep it quiet; fake devices if absent
   */
  static async launch(profile, flags = FAKE_DEVICES) {
    const browser = new Chromium();
    browser.#start(profile, flags);
    await browser.send("Target.setDiscoverTargets", { discover: true });
    return browser;
  }

  #start(profile, flags) {
    const args = [...QUIET, ...flags, `--user-data-dir=${profile}`, "--remote-debugging-pipe", "about:blank"];
    this.#child = spawn(EXECUTABLE, args, { detached: true, stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdio[4].setEncoding("utf8").on("data", (text) => this.#read(text));
    this.#child.stdio[3].on("error", () => {});
    this.gone.then(() => this.#forget());
  }

  #read(text) {
    const messages = (this.#rest + text).split("\0");
    this.#rest = messages.pop();
    for (const message of messages) this.#take(JSON.parse(message));
  }

  #take(message) {
    const waiting = this.#waiting.get(message.id);
    if (!waiting) {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    this.#waiting.delete(message.id);
    if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
    else waiting.resolve(message.result);
  }

  #forget() {
    for (const { reject, method } of this.#waiting.values()) reject(new Error(`${method}: the browser is gone`));
    this.#waiting.clear();
  }

  /** Sends one command; `sessionId` is of the page it is for. */
  send(method, params = {}, sessionId = undefined) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject, method });
      this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** Calls `listener` with every event; gives a function that ends it. */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Opens a tab. */
  async page(url) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, targetId, sessionId);
    await page.begin(url);
    return page;
  }

  /** The processes of this browser with their kind (`browser`, `renderer`, …), CPU time, and bytes: all that are resident, and those that are not a file's. */
  processes() {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => describe(pid, this.#child.pid));
  }

  /** Kills all of it at once, as a power cut would. */
  async kill() {
    process.kill(-this.#child.pid, "SIGKILL");
    await this.gone;
  }

  /** Closes it as a person would. */
  async close() {
    await this.send("Browser.close").catch(() => {});
    await this.gone;
  }
}

function describe(pid, group) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(fields[2]) !== group) return [];
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    const kind = /--type=([a-z-]+)/.exec(command)?.[1] ?? "browser";
    const ticks = Number(fields[11]) + Number(fields[12]);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const own = ["RssAnon", "RssShmem"].reduce((sum, name) => sum + Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) * 1_024, 0);
    return [{ pid: Number(pid), kind, resident: Number(fields[21]) * 4096, own, cpuMs: ticks * 10 }];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** One tab. */
class Page {
  /** What its scripts complained about. */
  complaints = [];
  /** How often it asked whether the person really wants to leave. */
  warnings = 0;
  #browser;
  #session;

  constructor(browser, targetId, session) {
    this.#browser = browser;
    this.targetId = targetId;
    this.#session = session;
  }

  /** One command for this tab. */
  send(method, params = {}) {
    return this.#browser.send(method, params, this.#session);
  }

  async begin(url) {
    this.#browser.listen((event) => event.sessionId === this.#session && this.#note(event));
    await this.send("Page.enable");
    await this.send("Inspector.enable");
    await this.send("Runtime.enable");
    if (url) await this.open(url);
  }

  #note({ method, params }) {
    if (method === "Runtime.exceptionThrown") {
      this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    }
    if (method === "Page.javascriptDialogOpening") this.#leave();
  }

  /** The person leaves all the same. */
  #leave() {
    this.warnings += 1;
    // The tab may be gone with the answer.
    this.send("Page.handleJavaScriptDialog", { accept: true }).catch(() => {});
  }

  /** Waits for an event of this tab. */
  once(method) {
    return new Promise((resolve) => {
      const end = this.#browser.listen((event) => {
        if (event.sessionId !== this.#session || event.method !== method) return;
        end();
        resolve(event.params);
      });
    });
  }

  /** Goes to a URL and waits until it is loaded. */
  async open(url) {
    const loaded = this.once("Page.loadEventFired");
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** Loads the page again. */
  async reload() {
    const loaded = this.once("Page.loadEventFired");
    await this.send("Page.reload");
    await loaded;
  }

  /** Runs an expression as if the person had just clicked, and gives its (awaited) value. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression, awaitPromise: true, returnByValue: true, userGesture: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression is true in the page; asks at every frame of the page, not by a clock of ours. */
  async until(expression, withinMs = 60_000) {
    const found = await this.evaluate(`new Promise((resolve) => {
      const end = performance.now() + ${withinMs};
      const look = () => {
        const value = (() => { try { return (${expression}); } catch { return undefined; } })();
        if (value) resolve(value);
        else if (performance.now() > end) resolve(null);
        else setTimeout(look, 20);
      };
      look();
    })`);
    if (found === null) throw new Error(`this did not become true within ${withinMs} ms: ${expression}`);
    return found;
  }

  /** Clicks the button with this text, with a real mouse event. */
  async click(text) {
    const point = await this.until(`(() => {
      const named = (element) => (element.getAttribute("aria-label") ?? element.textContent).trim() === ${JSON.stringify(text)};
      const button = [...document.querySelectorAll("button, a, label")].find((element) => named(element) && !element.disabled);
      if (!button) return undefined;
      button.scrollIntoView({ block: "center" });
      const { x, y, width, height } = button.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`);
    for (const type of ["mousePressed", "mouseReleased"]) {
      await this.send("Input.dispatchMouseEvent", { type, ...point, button: "left", clickCount: 1 });
    }
  }

  /** The candidate's window: `{width, height}` in CSS pixels. */
  resize({ width, height }) {
    return this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  }

  /** The page's JS heap that is in use, in bytes; garbage that was not collected yet counts. */
  async heap() {
    const { usedSize } = await this.send("Runtime.getHeapUsage");
    return usedSize;
  }

  /** Cuts the tab's network off, or back on. */
  async offline(offline) {
    await this.send("Network.enable");
    await this.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  }

  /** Lets the tab's process crash, and waits until it has. */
  async crash() {
    const crashed = this.once("Inspector.targetCrashed");
    // Nobody is left to answer.
    this.send("Page.crash").catch(() => {});
    await crashed;
  }

  /** A picture of the whole page, PNG. */
  async screenshot() {
    const { data } = await this.send("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(data, "base64");
  }

  /** Closes the tab. */
  async close() {
    await this.#browser.send("Target.closeTarget", { targetId: this.targetId });
  }
}
