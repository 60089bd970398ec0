/** Asks the browser for cameras and screens, in the exam's measure, and says in our words why there is none. */

import { failure, type ProblemCode, type RecorderError } from "../problems.js";
import type { CaptureSettings } from "../types.js";

/**
 * Where a track's pictures come from.
 *
 * @example
 * ```ts
 * const webcam: TrackOptions = { cameraId: "…", microphoneId: "…" };
 * const board: TrackOptions = { source: async () => document.querySelector("canvas")?.captureStream(5) ?? new MediaStream() };
 * const both = createRecorder({ server, token, tracks: { webcam, board } });
 * ```
 */
export interface TrackOptions {
  /** `camera` or `screen`, or a function that gives a stream of your own. Unset, `screen` is a screen, all else a camera. */
  readonly source?: "camera" | "screen" | (() => Promise<MediaStream>);
  /** The camera to use, a `deviceId`; unset, the browser or the candidate chooses. */
  readonly cameraId?: string;
  /** The microphone to use, a `deviceId`. */
  readonly microphoneId?: string;
}

/** A source that was opened, and what is not quite right with it. */
export interface Opened {
  readonly stream: MediaStream;
  /** The exam wants sound and there is no microphone: better a silent recording than none. */
  readonly silent: boolean;
}

/**
 * Opens a track's source. A screen must be asked for in a user gesture.
 * @throws {@link RecorderError} that says what the candidate can do.
 */
export async function open(devices: MediaDevices | undefined, capture: CaptureSettings, source: Source): Promise<Opened> {
  if (typeof source.from === "function") return { stream: await own(source.from), silent: false };
  if (!devices) throw failure("insecure_page");
  return source.from === "screen" ? openScreen(devices, capture) : openCamera(devices, capture, source.options);
}

/** A track's source with nothing left open. */
export interface Source {
  readonly from: "camera" | "screen" | (() => Promise<MediaStream>);
  readonly options: TrackOptions;
}

/** Where this track's pictures come from. */
export function sourceOf(track: string, options: TrackOptions): Source {
  return { from: options.source ?? (track === "screen" ? "screen" : "camera"), options };
}

/** Whether the shared surface is something else than the whole monitor that the exam asks for. */
export function isNotWholeMonitor(capture: CaptureSettings, settings: MediaTrackSettings): boolean {
  // Firefox does not say what was shared, so there it cannot be refused; the manifest then lacks `display_surface`.
  return capture.wholeMonitor && settings.displaySurface !== undefined && settings.displaySurface !== "monitor";
}

async function own(from: () => Promise<MediaStream>): Promise<MediaStream> {
  try {
    return await from();
  } catch {
    throw failure("source_failed");
  }
}

async function openScreen(devices: MediaDevices, capture: CaptureSettings): Promise<Opened> {
  if (typeof devices.getDisplayMedia !== "function") throw failure("screen_unsupported");
  const stream = await devices.getDisplayMedia(screenOptions(capture)).catch((error: unknown) => {
    throw failure(isNamed(error, "NotFoundError", "NotSupportedError") ? "screen_unsupported" : "screen_denied");
  });
  const [video] = stream.getVideoTracks();
  if (video && isNotWholeMonitor(capture, video.getSettings())) {
    close(stream);
    throw failure("not_whole_monitor");
  }
  // Text stays readable when the encoder gives up frames before sharpness.
  if (video && "contentHint" in video) video.contentHint = "detail";
  return { stream, silent: false };
}

/** Options that the type library does not know yet; browsers that do not know them either ignore them. */
interface ScreenOptions extends DisplayMediaStreamOptions {
  readonly monitorTypeSurfaces: "include" | "exclude";
  readonly surfaceSwitching: "include" | "exclude";
}

function screenOptions(capture: CaptureSettings): ScreenOptions {
  return {
    video: { ...size(capture), ...(capture.wholeMonitor ? { displaySurface: "monitor" } : {}) },
    audio: capture.audioBitsPerSecond !== null,
    monitorTypeSurfaces: "include",
    // Switching to another surface in the middle would go round the check above.
    surfaceSwitching: "exclude",
  };
}

async function openCamera(devices: MediaDevices, capture: CaptureSettings, options: TrackOptions): Promise<Opened> {
  const video = { ...size(capture), ...chosen(options.cameraId) };
  const wantsSound = capture.audioBitsPerSecond !== null;
  try {
    const audio = wantsSound ? chosen(options.microphoneId) ?? true : false;
    return { stream: await devices.getUserMedia({ video, audio }), silent: false };
  } catch (error) {
    if (!wantsSound || !isNamed(error, "NotFoundError", "OverconstrainedError")) throw failure(codeOf(error));
  }
  try {
    return { stream: await devices.getUserMedia({ video, audio: false }), silent: true };
  } catch (error) {
    throw failure(codeOf(error));
  }
}

/** At most what the exam allows: `ideal` lets a camera of other sizes come near, `max` keeps it below. */
function size({ width, height, frameRate }: CaptureSettings): MediaTrackConstraints {
  return {
    width: { ideal: width, max: width },
    height: { ideal: height, max: height },
    frameRate: { ideal: frameRate, max: frameRate },
  };
}

function chosen(deviceId: string | undefined): MediaTrackConstraints | undefined {
  return deviceId === undefined ? undefined : { deviceId: { exact: deviceId } };
}

function codeOf(error: unknown): ProblemCode {
  if (isNamed(error, "NotFoundError", "OverconstrainedError")) return "camera_missing";
  return isNamed(error, "NotReadableError", "AbortError") ? "camera_busy" : "camera_denied";
}

function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** Lets go of a source. */
export function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
