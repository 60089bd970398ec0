import { concat } from "../../src/container/ebml.js";
import { HEAD_SIZE, type Point, type Rewriter, finishHead, rewriterFor } from "../../src/container/index.js";

/** Everything that a rewriter made of a recording. */
export interface Taken {
  /** The file as it was written while recording. */
  readonly file: Uint8Array;
  readonly points: readonly Point[];
  readonly durationMs: number | null;
}

/** Feeds a recording in slices of the given sizes, over and over. */
export function rewrite(recording: Uint8Array, sizes: readonly number[], rewriter: Rewriter = rewriterFor("video/webm")): Taken {
  const pieces: Uint8Array[] = [];
  const points: Point[] = [];
  let durationMs: number | null = null;
  for (let at = 0, turn = 0; at < recording.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const step = rewriter.push(recording.slice(at, at + size));
    pieces.push(step.bytes.slice());
    points.push(...step.points);
    durationMs = step.durationMs;
    at += size;
  }
  return { file: concat(pieces), points, durationMs };
}

/** The file as it stands in the bucket in the end. */
export function finish({ file, points, durationMs }: Taken): Uint8Array {
  const finished = file.slice();
  finished.set(finishHead(file.slice(0, HEAD_SIZE), points, durationMs ?? 0));
  return finished;
}

/** Whether two arrays hold the same; the comparison of the test runner takes seconds for a recording. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** In what two results differ. */
export function differences(one: Taken, other: Taken): string[] {
  const found = [];
  if (!isSame(one.file, other.file)) found.push("file");
  if (one.durationMs !== other.durationMs) found.push(`duration: ${one.durationMs}, ${other.durationMs}`);
  if (JSON.stringify(one.points) !== JSON.stringify(other.points)) found.push("points");
  return found;
}
