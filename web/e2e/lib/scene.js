// One candidate at work: server, platform's site, browser, page; and what is proved of every recording at the end.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Chromium, FAKE_DEVICES } from "./chromium.js";
import { Server } from "./server.js";
import { startSite } from "./site.js";
import { look } from "./video.js";

/** The smallest part, which is what the server cuts recordings into. */
export const PART = 5 << 20;
/** So much that a part is full every few seconds. */
export const MUCH = { capture: { webcam: { video_bits_per_second: 8_000_000, audio_bits_per_second: 0 } } };

/**
 * A webcam that shows noise, so that the encoder uses all the bits it may, and more when the noise is strong; `y4m` for Chromium.
 * @param {number} strength from 0 to 255
 */
export function noisyWebcam(folder, strength = 255) {
  const file = join(folder, `noise-${strength}.y4m`);
  if (!existsSync(file)) {
    const noise = `nullsrc=s=640x480:r=15,geq=lum='random(1)*${strength}':cb=128:cr=128`;
    execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", noise, "-t", "1", "-pix_fmt", "yuv420p", file]);
  }
  return [...FAKE_DEVICES, `--use-file-for-fake-video-capture=${file}`];
}

/** A candidate in an exam. */
export class Scene {
  /**
   * @param {object} options `exam` adds to the exam's creation, `settings` to the server's environment, `noisy` has the
   *   webcam fill a part every few seconds, `flags` are the browser's beside the usual
   */
  static async start({ exam = {}, settings = {}, noisy = false, flags = [] } = {}) {
    const scene = new Scene();
    try {
      await scene.#open(exam, settings, noisy, flags);
    } catch (error) {
      await scene.end();
      throw error;
    }
    return scene;
  }

  async #open(exam, settings, noisy, flags) {
    this.folder = mkdtempSync(join(tmpdir(), "handin-scene-"));
    this.flags = [...(noisy ? noisyWebcam(this.folder) : FAKE_DEVICES), ...flags];
    this.server = await Server.start(settings);
    this.site = await startSite();
    this.invitation = await this.server.invite("spring", "c1", noisy ? { ...MUCH, ...exam } : exam);
    await this.browse();
  }

  /** Opens the browser (again) on the candidate's page. */
  async browse() {
    this.browser = await Chromium.launch(join(this.folder, "profile"), this.flags);
    this.page = await this.browser.page(this.url());
    await this.page.until(`["ready", "elsewhere", "refused", "finished"].includes(recorder.state.phase)`);
  }

  /** The page of the candidate on the platform's own site. */
  url() {
    return this.site.page(this.server.api.url, this.invitation.token);
  }

  /** Begins to record, and waits until both tracks are durable in the browser. */
  async record() {
    await this.page.evaluate("recorder.start()");
    await this.page.until(`recorder.state.phase === "recording"
      && recorder.state.takes.filter((take) => take.status === "recording" && take.recordedMs > 0).length === recorder.state.tracks.length`);
  }

  /** Waits until the running take of a track holds so much. */
  async recorded(track, { bytes = 0, ms = 0 }, withinMs = 180_000) {
    await this.page.until(`recorder.state.takes.some((take) => take.track === ${JSON.stringify(track)}
      && take.status === "recording" && take.recordedBytes >= ${bytes} && take.recordedMs >= ${ms})`, withinMs);
  }

  /** The recorder's state. */
  state() {
    return this.page.evaluate("JSON.parse(JSON.stringify(recorder.state))");
  }

  /** Stops and waits for all receipts. */
  async stop() {
    await this.page.evaluate("recorder.stop()");
    await this.finished();
  }

  /** Waits until every take has its receipt. */
  async finished(withinMs = 120_000) {
    await this.page.until(`recorder.state.mayClose && recorder.state.takes.length > 0
      && recorder.state.takes.every((take) => take.receipt)`, withinMs);
  }

  /**
   * Proves what lies in the bucket: every recording is sealed, as long as the ledger says, decodes without an error.
   * @returns the recordings with what was seen of them: `[{ track, take, size, video, bytes }]`
   */
  async proved() {
    const recordings = await this.server.recordings("spring");
    const seen = [];
    for (const recording of recordings) {
      assert.equal(recording.state, "sealed", JSON.stringify(recording));
      const bytes = await this.server.download(recording.id);
      assert.equal(bytes.length, recording.sealed_size);
      const video = look(bytes);
      assert.equal(video.errors, "", `${recording.track} ${recording.take}`);
      seen.push({ ...recording, bytes, video });
    }
    return seen;
  }

  /** Nobody complained on the way. */
  silent() {
    assert.deepEqual(this.page.complaints, []);
  }

  async end() {
    await this.browser?.kill().catch(() => {});
    await this.site?.close();
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs a test in a scene of its own. */
export async function withScene(options, test) {
  const scene = await Scene.start(options);
  try {
    await test(scene);
  } finally {
    await scene.end();
  }
}
