/**
 * Takes in what the page records of one take: makes it seekable, makes it durable, tells how far it is. When the disk
 * takes no more it waits for room with what it has; it never leaves a hole.
 */

import type { Clock } from "../clock.js";
import type { Rewriter } from "../container/container.js";
import type { Piece, Spool } from "../spool/spool.js";
import type { Entry } from "../spool/journal.js";

/** Whom an intake tells. */
export interface IntakeListener {
  begun(local: string): void;
  durable(local: string): void;
  ended(local: string): void;
  /** The disk is full, or has room again. */
  full(local: string, full: boolean): void;
}

/** How often a full disk is tried again, in milliseconds. */
const TRY_AGAIN_MS = 500;
/** What is kept in memory while the disk is full, in bytes; what comes then is not recorded. */
const MOST_HELD = 16 * 1024 * 1024;

/** One take, coming in. */
export class Intake {
  readonly #local: string;
  readonly #spool: Spool;
  readonly #clock: Clock;
  readonly #listener: IntakeListener;
  readonly #rewriter: Rewriter;
  #offset = 0;
  #held = 0;
  #cut = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(local: string, rewriter: Rewriter, spool: Spool, clock: Clock, listener: IntakeListener) {
    [this.#local, this.#rewriter, this.#spool] = [local, rewriter, spool];
    [this.#clock, this.#listener] = [clock, listener];
  }

  /** The take begins. */
  begin(entry: Extract<Entry, { at: "begun" }>): void {
    this.#next(async () => {
      await this.#untilRoom(() => this.#spool.begin(this.#local, entry));
      this.#listener.begun(this.#local);
    });
  }

  /** The recorder's next bytes. */
  chunk(bytes: Uint8Array, recordedMs: number): void {
    // A hole would spoil everything behind it: once cut off, the take has its end there.
    if (this.#cut || this.#held + bytes.byteLength > MOST_HELD) {
      this.#cut = true;
      return;
    }
    const rewritten = this.#rewriter.push(bytes);
    // A busy encoder is behind the clock: what the file plays is what is recorded.
    const playsMs = Math.min(recordedMs, rewritten.durationMs ?? recordedMs);
    const piece: Piece = { offset: this.#offset, recordedMs: playsMs, ...rewritten };
    this.#offset += rewritten.bytes.byteLength;
    this.#held += piece.bytes.byteLength;
    this.#next(async () => {
      await this.#untilRoom(() => this.#spool.append(this.#local, piece));
      this.#held -= piece.bytes.byteLength;
      this.#listener.durable(this.#local);
    });
  }

  /** An entry for the journal, after all that came before it. */
  write(entry: Extract<Entry, { at: "noted" | "ended" }>): void {
    this.#next(async () => {
      // An entry that finds no room holds nevertheless while the page lives; a later page finds its sense out again.
      await this.#spool.write(this.#local, entry).catch(() => undefined);
      if (entry.at === "ended") this.#listener.ended(this.#local);
    });
  }

  #next(act: () => Promise<void>): void {
    this.#turn = this.#turn.then(act);
  }

  async #untilRoom(write: () => Promise<void>): Promise<void> {
    for (let told = false; ; told = true) {
      try {
        await write();
        if (told) this.#listener.full(this.#local, false);
        return;
      } catch {
        // Whatever else a disk fails with, the way on is the same: tell, and try again while there is something to keep.
        if (!told) this.#listener.full(this.#local, true);
        await this.#clock.pause(TRY_AGAIN_MS);
      }
    }
  }
}
