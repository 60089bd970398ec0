/** The recorder's own list of what can go wrong on a page: stable codes, and what a person can do. Knows no browser. */

import type { Problem } from "./types.js";

const DETAILS = {
  insecure_page: "This page is not served over HTTPS, so the browser offers no camera. Open it over HTTPS.",
  recording_unsupported: "This browser cannot record. Use a current Chrome, Edge, Firefox or Safari on a computer.",
  camera_denied: "The browser may not use the camera or microphone. Allow both beside the address bar, then try again.",
  camera_missing: "No camera was found. Connect one, then try again.",
  camera_busy: "Another program uses the camera. Close it, then try again.",
  microphone_missing: "No microphone was found: the recording has no sound. Connect one and resume.",
  screen_denied: "The screen was not shared. Choose it again and press Share.",
  screen_unsupported: "This browser cannot share the screen. Use a current Chrome, Edge, Firefox or Safari on a computer.",
  not_whole_monitor: "Only a window or a tab was shared. Choose again and share the entire screen.",
  source_failed: "The source of this recording could not be opened. Try again.",
  encoder_failed: "The browser's encoder failed again and again. Close other programs, then resume.",
  not_now: "The recorder cannot do this in its present phase.",
  server_unreachable: "The server does not answer. Check the connection; this page tries again by itself.",
  bad_answer: "The server's answer is not one of handin's. Something between may be rewriting it.",
  worker_failed: "The recorder's background worker could not run. Reload this page.",
} as const;

/** The recorder's own codes; a {@link Problem} may also carry one of the server's. */
export type ProblemCode = keyof typeof DETAILS;

/** The problem with this code and its English text. */
export function problem(code: ProblemCode): Problem {
  return { code, detail: DETAILS[code] };
}

/**
 * Thrown where a call of the recorder cannot do what it is asked; `code` is stable, `message` is for people.
 *
 * @example
 * ```ts
 * try {
 *   await recorder.start();
 * } catch (error) {
 *   if (error instanceof RecorderError && error.code === "not_whole_monitor") startButton.textContent = "Share the entire screen";
 * }
 * ```
 */
export class RecorderError extends Error {
  override readonly name = "RecorderError";
  /** A code of the recorder's own list or of the server's problem documents. */
  readonly code: string;

  /** From a problem, which is also shown in the recorder's state. */
  constructor(readonly problem: Problem) {
    super(problem.detail);
    this.code = problem.code;
  }
}

/** A {@link RecorderError} of the recorder's own list. */
export function failure(code: ProblemCode): RecorderError {
  return new RecorderError(problem(code));
}
