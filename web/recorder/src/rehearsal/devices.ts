/** Opens every source as the exam will, records a second of each, and lets go of them. */

import { choose, contentTypes, engineOf, type Effort } from "../capture/codec.js";
import { close, open, sourceOf, type TrackOptions } from "../capture/sources.js";
import { RecorderError } from "../problems.js";
import type { CaptureSettings, Sitting, TrackName } from "../types.js";
import { check, type Check, type CheckCode } from "./report.js";
import { TEXTS } from "./texts.js";

const RECORD_MS = 1_000;

/** What became of each source; screens first, as they need the user gesture. */
export async function tryDevices(
  sitting: Sitting,
  tracks: Readonly<Record<TrackName, TrackOptions>>,
  effort: Effort,
  found: (check: Check) => void,
): Promise<void> {
  const sources = sitting.tracks.map(({ track, capture }) => ({ capture, source: sourceOf(track, tracks[track] ?? {}) }));
  sources.sort((one, other) => Number(other.source.from === "screen") - Number(one.source.from === "screen"));
  let encoder: CheckCode = "encoder_works";
  for (const { capture, source } of sources) {
    const name = source.from === "screen" ? "screen" : "camera";
    try {
      const { stream, silent } = await open(navigator.mediaDevices, capture, source);
      found(check(name, name === "screen" ? "screen_works" : "camera_works"));
      if (name === "camera" && capture.audioBitsPerSecond !== null) found(check("microphone", silent ? "microphone_missing" : "microphone_works"));
      if (!(await encodes(stream, capture, effort))) encoder = "encoder_fails";
      close(stream);
    } catch (error) {
      found(check(name, codeOf(error)));
    }
  }
  found(check("encoder", encoder));
}

function codeOf(error: unknown): CheckCode {
  const code = error instanceof RecorderError ? error.code : "";
  return Object.hasOwn(TEXTS, code) ? (code as CheckCode) : "source_failed";
}

/** Whether a second of it becomes any bytes. */
async function encodes(stream: MediaStream, capture: CaptureSettings, effort: Effort): Promise<boolean> {
  if (typeof MediaRecorder !== "function") return false;
  const types = contentTypes(engineOf(navigator.userAgent), effort, stream.getAudioTracks().length > 0);
  const mimeType = choose(types, (type) => MediaRecorder.isTypeSupported(type));
  if (mimeType === null) return false;
  return new Promise((resolve) => {
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: capture.videoBitsPerSecond });
    let size = 0;
    recorder.addEventListener("dataavailable", ({ data }) => (size += data.size));
    recorder.addEventListener("stop", () => resolve(size > 0));
    recorder.addEventListener("error", () => resolve(false));
    recorder.start();
    setTimeout(() => recorder.state !== "inactive" && recorder.stop(), RECORD_MS);
  });
}
