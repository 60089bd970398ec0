/**
 * One take on its way to the store: which parts it has, which are there, what is to be asked next. Pure bookkeeping;
 * when to do what is decided in `machine.ts`.
 */

import type { Opened, Outcome, StoredPart, TakeRecord } from "../spool/journal.js";
import type { Problem } from "../types.js";
import { type Retry, atOnce, failed, fresh, held } from "./retry.js";

/** Where one part is. */
export interface Part {
  /** `unsure`: it was sent, and only the server can say whether it arrived. */
  readonly status: "waiting" | "sending" | "unsure" | "stored";
  readonly retry: Retry;
  /** What the store took last under this number. */
  readonly stored: StoredPart | null;
  readonly storedAt: number;
  /** Whether the server has seen it in the store. */
  readonly confirmed: boolean;
  /** Whether what the store has begins with the finished head (of part 1). */
  readonly finished: boolean;
  /** Whether the spool was told to give its bytes up. */
  readonly freed: boolean;
}

const CALLS = ["open", "ask", "seal", "discard"] as const;
/** A call about the recording as a whole. */
export type Call = (typeof CALLS)[number];

/** What the server says of a recording that the sender asked about. */
export interface Confirmed {
  readonly state: string;
  readonly contiguousBytes: number;
  readonly parts: readonly StoredPart[];
  readonly receipt: string | null;
}

const NEW_PART: Part = {
  status: "waiting",
  retry: fresh,
  stored: null,
  storedAt: 0,
  confirmed: false,
  finished: false,
  freed: false,
};

/** One take. */
export class UploadTake {
  readonly local: string;
  readonly startedAt: number;
  bytes: number;
  recordedMs: number;
  ended: boolean;
  /** Whether the spool still holds every byte. */
  whole: boolean;
  /** Whether a head with duration and index can be built. */
  readable: boolean;
  generation: number;
  opened: Opened | null;
  /** Whether the server is to be asked for a (new) handle first. */
  mustOpen: boolean;
  /** Whether the server is to be asked what it has. */
  mustAsk: boolean;
  /** Whether nothing may be sent before the server has been asked: another page may have gone on with it. */
  blind: boolean;
  /** The call that is on its way, and since when. */
  call: { readonly kind: Call; readonly at: number } | null = null;
  beating = false;
  /** When the server last heard of it. */
  seenAt: number;
  /** How often each of the calls about the recording as a whole failed. */
  readonly retries: Record<Call, Retry> = { open: fresh, ask: fresh, seal: fresh, discard: fresh };
  /** Whether part 1 is sent again for its finished head. */
  head: "undecided" | "resend" | "leave" = "undecided";
  /** The last part that the exam's limit allows. */
  lastAllowed = Infinity;
  /** How often in a row the store said that it does not know the upload. */
  unknownUpload = 0;
  /** Whether the server takes its manifest; one that is too long must not keep the recording from being sealed. */
  manifest = true;
  /** Nothing was recorded in it: it is to be forgotten. */
  empty = false;
  outcome: Outcome | null;
  /** Why the server will not take it at all. */
  refused: Problem | null = null;
  /** What keeps failing at the moment. */
  trouble: Problem | null = null;
  readonly #parts = new Map<number, Part>();

  /** @param earlier whether it is of an earlier page: then the server knows more of it than we do */
  constructor(record: TakeRecord, earlier: boolean, now: number) {
    const { local, startedAt, bytes, recordedMs, ended, whole, durationMs, generation, opened, outcome } = record;
    [this.local, this.startedAt, this.bytes, this.recordedMs] = [local, startedAt, bytes, recordedMs];
    [this.ended, this.whole, this.readable, this.generation] = [ended, whole, durationMs !== null, generation];
    [this.opened, this.outcome, this.seenAt] = [opened, outcome, now];
    this.mustOpen = opened === null;
    this.mustAsk = this.blind = earlier && opened !== null;
    for (const [number, stored] of record.stored) this.#parts.set(number, { ...NEW_PART, status: "stored", stored });
  }

  /** Nothing more will be done for it. */
  get over(): boolean {
    return this.outcome !== null || this.refused !== null;
  }

  /** The key under which opening it always means the same recording. */
  get key(): string {
    return this.generation === 1 ? this.local : `${this.local}.${this.generation}`;
  }

  /** How many parts can be sent by now: while it grows only full ones, at the end also the rest. */
  get partCount(): number {
    if (this.opened === null) return 0;
    const parts = this.bytes / this.opened.partSize;
    return Math.min(this.ended ? Math.ceil(parts) : Math.floor(parts), this.lastAllowed);
  }

  /** The numbers of all parts so far. */
  get numbers(): number[] {
    return Array.from({ length: this.partCount }, (_, place) => place + 1);
  }

  /** Bytes that can be stored: all of them, unless the exam allows fewer. */
  get allowedBytes(): number {
    return Math.min(this.bytes, this.lastAllowed * (this.opened?.partSize ?? Infinity));
  }

  /** Bytes that the store has taken. */
  get storedBytes(): number {
    if (this.outcome !== null) return this.bytes;
    return this.numbers.reduce((sum, number) => sum + (this.part(number).stored?.size ?? 0), 0);
  }

  /** One part. */
  part(number: number): Part {
    return this.#parts.get(number) ?? NEW_PART;
  }

  /** Changes what is known of a part. */
  set(number: number, change: Partial<Part>): void {
    this.#parts.set(number, { ...this.part(number), ...change });
  }

  /** Bytes `from` (inclusive) `to` (exclusive) of the file that are part `number`. */
  range(number: number): { readonly from: number; readonly to: number } {
    const partSize = this.opened?.partSize ?? 0;
    return { from: (number - 1) * partSize, to: Math.min(number * partSize, this.bytes) };
  }

  /** The first part that may be sent now; what the store lacks goes before what it only has without its head. */
  nextPart(now: number): number | null {
    if (this.over || this.mustOpen || this.blind) return null;
    const ready = this.numbers.filter((number) => {
      const { status, retry } = this.part(number);
      return status === "waiting" && retry.at <= now;
    });
    return ready.find((number) => this.part(number).stored === null) ?? ready[0] ?? null;
  }

  /** The call about the recording as a whole that is to be made next. */
  nextCall(): Call | null {
    if (this.over || this.empty || this.call !== null) return null;
    if (this.ended && this.bytes === 0) return this.opened === null ? null : "discard";
    if (this.mustOpen) return "open";
    if (this.mustAsk) return "ask";
    return this.#complete() ? "seal" : null;
  }

  /** Every moment at which something of it may become due, in no order. */
  moments(): number[] {
    if (this.over) return [];
    const parts = this.numbers.map((number) => this.part(number).retry.at);
    return [...Object.values(this.retries).map(({ at }) => at), ...parts];
  }

  /** Lets everything that failed be tried again at `now`. */
  retryAtOnce(now: number): void {
    for (const call of CALLS) this.retries[call] = atOnce(this.retries[call], now);
    for (const number of this.numbers) this.set(number, { retry: atOnce(this.part(number).retry, now) });
  }

  /** Every part as it is claimed to be. */
  claim(): StoredPart[] {
    return this.numbers.map((number) => this.part(number).stored).filter((part) => part !== null);
  }

  /**
   * Notes that a part failed.
   * @param unsure whether it may have arrived nevertheless, which only the server can say
   */
  failPart(number: number, now: number, chance: number, retryAfterMs: number | null, unsure: boolean): void {
    // A part that was there, only without its head, is not sent a third time: the server mends the head.
    const onlyHead = number === 1 && this.head === "resend";
    if (onlyHead) this.head = "leave";
    const ask = unsure || onlyHead;
    const retry = failed(this.part(number).retry, now, chance, retryAfterMs);
    this.set(number, { status: ask ? "unsure" : "waiting", retry });
    if (ask) this.mustAsk = true;
  }

  /** Notes that a part has to wait, as others go first; nothing of it was sent. */
  holdPart(number: number, now: number, chance: number, retryAfterMs: number | null): void {
    this.set(number, { status: "waiting", retry: held(this.part(number).retry, now, chance, retryAfterMs) });
  }

  /** Takes in what the server has seen in the store. @param askedAt parts stored after this moment may be missing in it */
  learn(parts: readonly StoredPart[], askedAt: number): void {
    const seen = new Map(parts.map((part) => [part.number, part]));
    for (const number of this.numbers) {
      const part = this.part(number);
      const found = seen.get(number);
      const { from, to } = this.range(number);
      if (part.status === "sending") continue;
      if (found !== undefined && found.size === to - from && mayBe(number, part.stored, found)) {
        const stored = found.sha256 === null ? (part.stored ?? found) : found;
        this.set(number, { status: "stored", stored, confirmed: true, retry: fresh });
      } else if (part.status !== "stored" || part.storedAt < askedAt) {
        this.set(number, { status: "waiting", stored: null, confirmed: false });
      }
    }
    this.mustAsk = this.blind = false;
  }

  /** Goes on where the server opened it; the parts of another recording do not count. */
  openedAt(opened: Opened): void {
    if (this.opened?.recording !== opened.recording) this.#parts.clear();
    this.opened = opened;
    this.mustOpen = false;
  }

  /** Begins anew as the next take, from the spool. */
  again(): void {
    this.generation += 1;
    this.opened = null;
    this.#parts.clear();
    [this.mustOpen, this.mustAsk, this.blind, this.head] = [true, false, false, "undecided"];
    this.unknownUpload = 0;
  }

  #complete(): boolean {
    const stored = this.numbers.every((number) => this.part(number).status === "stored");
    return this.ended && this.partCount > 0 && stored;
  }
}

/**
 * Whether what the store has can be this part. Part 1 has two good forms, with and without its finished head; a store
 * without checksums tells no digest.
 */
function mayBe(number: number, ours: StoredPart | null, found: StoredPart): boolean {
  return number === 1 || ours === null || found.sha256 === null || ours.sha256 === found.sha256;
}
