/** The bytes of a part as they go out: as they stand in the spool, or with the finished head. */

import { type FinishHead, HEAD_SIZE } from "../container/container.js";
import type { Spool } from "../spool/spool.js";
import { hex } from "../spool/place.js";

/** What a part is, before it is signed for. */
export interface Content {
  readonly body: Blob;
  /** In hex. */
  readonly sha256: string;
}

/** Which bytes. */
export interface Wanted {
  readonly local: string;
  readonly from: number;
  readonly to: number;
  /** Whether they begin with the finished head. */
  readonly finished: boolean;
}

/**
 * Reads a part and its digest. What the spool holds stays as it was recorded: the finished head is made anew each time.
 * @throws when the spool does not hold the bytes
 */
export async function contentOf(spool: Spool, finishHead: FinishHead, wanted: Wanted): Promise<Content> {
  const { local, from, to, finished } = wanted;
  const recorded = await spool.read(local, from, to);
  const body = finished ? await withHead(spool, finishHead, local, recorded) : recorded;
  return { body, sha256: hex(await crypto.subtle.digest("SHA-256", await body.arrayBuffer())) };
}

async function withHead(spool: Spool, finishHead: FinishHead, local: string, recorded: Blob): Promise<Blob> {
  const { points, durationMs } = spool.take(local);
  const length = Math.min(HEAD_SIZE, recorded.size);
  const head = new Uint8Array(await recorded.slice(0, length).arrayBuffer());
  const finished = finishHead(head, points, durationMs ?? 0);
  return new Blob([new Uint8Array(finished), recorded.slice(length)]);
}
