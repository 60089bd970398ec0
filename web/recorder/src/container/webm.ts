/**
 * Rewrites the WebM and Matroska that browsers record: reserves room in the head, notes where players can seek to, and
 * lets the clusters through. Frames and their times stay as recorded.
 */

import { HEAD_SIZE, type Rewriter, type Rewritten } from "./container.js";
import { type Element, ID, concat, readHeader, uint } from "./ebml.js";
import { reserveRoom } from "./head.js";
import { Scanner } from "./scanner.js";

/** The first byte of every file; so that others need not wait for the rest of an id. */
const EBML_START = 0x1a;

const NOTHING = new Uint8Array();

/** A {@link Rewriter} for `video/webm`, `audio/webm` and `video/x-matroska`. */
export class WebmRewriter implements Rewriter {
  #stage: "head" | "clusters" | "unknown" = "head";
  #held: Uint8Array = NOTHING;
  readonly #scanner = new Scanner();

  push(bytes: Uint8Array): Rewritten {
    const window = this.#held.length > 0 ? concat([this.#held, bytes]) : bytes;
    this.#held = NOTHING;
    if (this.#stage === "clusters") return this.#scan(window);
    return this.#stage === "head" ? this.#lookForCluster(window) : asItIs(window);
  }

  #lookForCluster(window: Uint8Array): Rewritten {
    const start = firstCluster(window);
    if (start === "incomplete") {
      this.#held = window.slice();
      return { bytes: NOTHING, points: [], durationMs: 0 };
    }
    const head = start === "unknown" ? null : reserveRoom(window.subarray(0, start));
    this.#stage = head === null ? "unknown" : "clusters";
    return start === "unknown" || head === null ? asItIs(window) : this.#scan(concat([head, window.subarray(start)]));
  }

  #scan(window: Uint8Array): Rewritten {
    const { used, points, placeTellers } = this.#scanner.scan(window);
    this.#held = window.slice(used);
    const bytes = placeTellers.length > 0 ? window.slice(0, used) : window.subarray(0, used);
    for (const element of placeTellers) bytes.set(voidHeader(element), element.at);
    return { bytes, points, durationMs: this.#scanner.durationMs };
  }
}

function asItIs(bytes: Uint8Array): Rewritten {
  return { bytes, points: [], durationMs: null };
}

/** Where the first cluster begins. */
function firstCluster(bytes: Uint8Array): number | "incomplete" | "unknown" {
  if (bytes.length > 0 && bytes[0] !== EBML_START) return "unknown";
  let at = 0;
  while (at <= HEAD_SIZE) {
    const header = readHeader(bytes, at);
    if (header === "incomplete") return bytes.length <= HEAD_SIZE ? "incomplete" : "unknown";
    if (header === "invalid" || (at === 0) !== (header.id === ID.ebml)) return "unknown";
    if (header.id === ID.cluster) return at;
    at += header.length + (header.id === ID.segment ? 0 : header.size);
  }
  return "unknown";
}

/**
 * What makes a Void of an element without moving anything: its header, rewritten in as many bytes, at most the 9 of the
 * longest header of a Void; the payload then begins that much earlier.
 */
function voidHeader({ length, size }: Element): Uint8Array {
  const width = Math.min(8, length - 1);
  const field = uint(length + size - 1 - width, width);
  field[0] = (field[0] ?? 0) | (0x100 >> width);
  return concat([uint(ID.void), field]);
}
