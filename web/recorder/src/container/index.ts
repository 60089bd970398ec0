/** The door of this folder: chooses how a take is rewritten. */

import type { Rewriter } from "./container.js";
import { WebmRewriter } from "./webm.js";

export { type FinishHead, HEAD_SIZE, type Point, type Rewriter, type Rewritten } from "./container.js";
export { type HeadState, finishHead, headState } from "./head.js";

const MATROSKA: ReadonlySet<string> = new Set(["video/webm", "audio/webm", "video/x-matroska", "audio/x-matroska"]);

/** Chooses the rewriter for what a `MediaRecorder` says it records; what we cannot index stays as it is. */
export function rewriterFor(contentType: string): Rewriter {
  const [type = ""] = contentType.toLowerCase().split(";");
  return MATROSKA.has(type.trim()) ? new WebmRewriter() : unchanged;
}

const unchanged: Rewriter = {
  push: (bytes) => ({ bytes, points: [], durationMs: null }),
};
