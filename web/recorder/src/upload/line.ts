/**
 * The line to the store: the parts on their way, how fast they go, what holds them back. Pure bookkeeping.
 *
 * At most {@link MOST_PARALLEL} parts are on their way for all takes together.
 */

import { type HeldBy, type LastBegun, type Limits, allowedRate, heldBy, nextStart, noPace, slots } from "./pace.js";
import { type Sample, bytesPerS, withSample } from "./rate.js";
import type { UploadTake } from "./take.js";

/** A part on its way. */
export interface Send {
  readonly id: number;
  readonly take: UploadTake;
  /** Which opening of the take it belongs to. */
  readonly generation: number;
  readonly number: number;
  readonly bytes: number;
  /** Whether it goes with the finished head. */
  readonly finished: boolean;
  /** Whether the store has the part already, and only its head is new. */
  readonly onlyHead: boolean;
  readonly begunAt: number;
  /** The last sign of life, and how many bytes had gone by then. */
  heardAt: number;
  sent: number;
}

/** A part of which nothing is heard for so long is given up, in milliseconds; see {@link Line.deadline}. */
export const STALL_MS = 20_000;
/** Bytes that count as sent while they wait in the sockets' buffers and the router. */
const BUFFERED = 2 * 1024 * 1024;
/** The slowest line that is waited for, in bytes a second. */
const SLOWEST = 32 * 1024;
/** Part 1 is sent again for its head when that is likely to take no longer, in milliseconds. */
const HEAD_IS_CHEAP_MS = 300;
/** Then it is given up: a line may have become slower since it was measured, and no receipt waits for a head. */
const HEAD_MAY_COST_MS = 600;
/** A part that is done this soon is not cut off for a live call, in milliseconds. */
const NEARLY_DONE_MS = 2_000;

/** The line of one candidate. */
export class Line {
  limits: Limits = { pace: noPace, call: null, online: true };
  readonly #reportsProgress: boolean;
  readonly #sends = new Map<number, Send>();
  #lastBegun: LastBegun | null = null;
  #samples: readonly Sample[] = [];
  #offlineAt = 0;
  #count = 0;

  /** @param reportsProgress whether sending tells how far it is; `fetch` does not */
  constructor(reportsProgress: boolean) {
    this.#reportsProgress = reportsProgress;
  }

  /** The parts on their way. */
  get sends(): Send[] {
    return [...this.#sends.values()];
  }

  /** Bytes a second over the last parts; `null` before the first. */
  get bytesPerS(): number | null {
    return bytesPerS(this.#samples);
  }

  /** The rate to reckon with, in bytes a second; `null` when nothing was measured or nothing may be sent. */
  get usableBytesPerS(): number | null {
    const rate = Math.min(this.bytesPerS ?? 0, allowedRate(this.limits));
    return rate > 0 && this.limits.online ? rate : null;
  }

  /** Whether one more part may begin. */
  hasRoom(now: number): boolean {
    return this.#sends.size < slots(this.limits) && this.nextStart() <= now;
  }

  /** When the next part may begin at the earliest. */
  nextStart(): number {
    return nextStart(this.limits, this.#lastBegun);
  }

  /** What holds bytes back. */
  heldBy(now: number): HeldBy {
    return heldBy(this.limits, this.#lastBegun, now);
  }

  /** Part `number` of a take sets off. */
  begin(take: UploadTake, number: number, now: number): Send {
    const { from, to } = take.range(number);
    const bytes = to - from;
    const finished = number === 1 && take.ended && take.readable;
    const onlyHead = take.part(number).stored !== null;
    this.#count += 1;
    const { generation } = take;
    const send = { id: this.#count, take, generation, number, bytes, finished, onlyHead, begunAt: now, heardAt: now, sent: 0 };
    this.#sends.set(send.id, send);
    this.#lastBegun = { at: now, bytes };
    take.set(number, { status: "sending" });
    return send;
  }

  /** A sign of life. */
  heard(id: number, sent: number, now: number): void {
    const send = this.#sends.get(id);
    if (send !== undefined) [send.heardAt, send.sent] = [now, sent];
  }

  /** Takes a part from the line; `undefined` when it was given up before. */
  end(id: number): Send | undefined {
    const send = this.#sends.get(id);
    this.#sends.delete(id);
    return send;
  }

  /** Measures a part that arrived. @param putAt when its bytes began to go */
  measure(send: Send, putAt: number, now: number): void {
    this.#samples = withSample(this.#samples, { from: putAt, to: now, bytes: send.bytes });
  }

  /** How many parts of a take are on their way. */
  countOf(take: UploadTake): number {
    return this.sends.filter((send) => send.take === take).length;
  }

  /**
   * When nothing heard of a part means that nothing will be: later on slow lines, where bytes that count as sent wait in
   * buffers, and for parts that failed before. For the sake of a head nobody waits.
   */
  deadline({ take, number, bytes, sent, heardAt, onlyHead, begunAt }: Send): number {
    if (onlyHead) return begunAt + HEAD_MAY_COST_MS;
    const rate = Math.max((this.bytesPerS ?? 0) / 2, SLOWEST);
    const unseen = this.#reportsProgress ? Math.min(sent, BUFFERED) : bytes;
    const patience = STALL_MS + (unseen / rate) * 1000;
    return heardAt + patience * 2 ** Math.min(take.part(number).retry.failures, 3);
  }

  /** Notes that the browser is on or off the net; answers the parts whose connections are probably dead. */
  online(online: boolean, now: number): Send[] {
    const cameBack = online && !this.limits.online;
    if (!online && this.limits.online) this.#offlineAt = now;
    this.limits = { ...this.limits, online };
    return cameBack ? this.sends.filter(({ heardAt }) => heardAt <= this.#offlineAt) : [];
  }

  /** Notes what a live call leaves; answers the parts that are to be cut off for it. */
  yield(maxBytesPerS: number | null): Send[] {
    this.limits = { ...this.limits, call: maxBytesPerS };
    if (maxBytesPerS !== 0) return [];
    const leftMs = ({ bytes, sent }: Send) => ((bytes - sent) / (this.bytesPerS ?? SLOWEST)) * 1000;
    return this.sends.filter((send) => leftMs(send) > NEARLY_DONE_MS);
  }

  /** Whether so many bytes may be sent again for the sake of a head. */
  isCheap(bytes: number): boolean {
    const { bytesPerS: rate } = this;
    return rate !== null && allowedRate(this.limits) === Infinity && (bytes / rate) * 1000 < HEAD_IS_CHEAP_MS;
  }
}
