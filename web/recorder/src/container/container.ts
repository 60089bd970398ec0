/**
 * Makes a recorder's stream seekable as it passes. Pure: bytes in, bytes out; knows nothing of files and networks.
 *
 * Everything that changes at the end lies in the first {@link HEAD_SIZE} bytes of the file, so that only part 1 has to
 * be sent again, or be mended by the server, which has a twin of {@link FinishHead} (`handin_core::container`).
 */

/** How many bytes at the start of a file may change at its end, at most; far less than the smallest part. */
export const HEAD_SIZE = 128 * 1024;

/** A place that a player can seek to. */
export interface Point {
  /** Playing time in milliseconds. */
  readonly timeMs: number;
  /** Byte offset from the start of the file. */
  readonly offset: number;
}

/** What came out of a step. */
export interface Rewritten {
  /** The next bytes of the file. */
  readonly bytes: Uint8Array;
  /** Places to seek to that these bytes contain. */
  readonly points: readonly Point[];
  /** Playing time of the frames that are complete, in milliseconds; `null` where we cannot read the container. */
  readonly durationMs: number | null;
}

/** Rewrites one take. */
export interface Rewriter {
  /**
   * Takes the recorder's next bytes, cut anywhere. What is not yet decided is held back (the head until its end, then at
   * most the start of one element) and comes with the next call. Bytes that are not what they are said to be are no
   * error: they come out as they went in, as a recording that cannot be seeked in is better than none.
   */
  push(bytes: Uint8Array): Rewritten;
}

/**
 * Overwrites the head of a finished file: `head` are its first bytes as they were written (at least what the rewriter put
 * before the first frame; longer is fine), the answer is what stands there in the end, equally long. Together with the
 * points and the duration those bytes are all that must survive a crash; a head that is finished already, or that has no
 * room of ours, comes back as it was.
 */
export type FinishHead = (head: Uint8Array, points: readonly Point[], durationMs: number) => Uint8Array;
