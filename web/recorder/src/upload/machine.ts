/**
 * Decides what is sent when. Events in, effects out: no I/O, no clock, no randomness of its own.
 *
 * Every event only changes what is known; what to do follows in `#plan` from what is known, always the whole of it. So
 * no order of events can lose an intention.
 */

import { isHeld, passes } from "../server/failure.js";
import type { Entry } from "../spool/journal.js";
import type { Problem } from "../types.js";
import { type Moment, TROUBLE, again, answered, beaten, handleRefused, problemOf } from "./answers.js";
import type { Effect, SendAnswer, UploadEvent } from "./events.js";
import { Line, type Send } from "./line.js";
import { fresh } from "./retry.js";
import { type Call, UploadTake } from "./take.js";

/** The server hears of every unfinished take at least so often, in milliseconds. */
export const BEAT_MS = 20_000;
/** So often the store may say in a row that it does not know an upload which the server thinks is open. */
const MOST_UNKNOWN = 3;

/** The upload of all takes of one sitting. */
export class UploadMachine implements Moment {
  readonly line: Line;
  readonly #takes = new Map<string, UploadTake>();
  #effects: Effect[] = [];
  #tokenOver: Problem | null = null;
  #scarce = false;
  now = 0;
  chance = 0;

  /** @param reportsProgress whether sending tells how far it is; `fetch` does not */
  constructor(reportsProgress: boolean) {
    this.line = new Line(reportsProgress);
  }

  /**
   * Takes in what happened and answers what is to be done.
   * @param now milliseconds since 1970 on this machine
   * @param chance uniform in [0, 1), for the spread of retries
   */
  step(event: UploadEvent, now: number, chance: number): Effect[] {
    [this.now, this.chance] = [now, chance];
    this.#learn(event);
    this.#plan();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** One take. */
  take(local: string): UploadTake | undefined {
    return this.#takes.get(local);
  }

  /** What is wrong with a take, if anything is. */
  problem({ refused, trouble, over }: UploadTake): Problem | null {
    return refused ?? (over ? null : (this.#tokenOver ?? trouble));
  }

  /** Whether every take has come to its end. */
  get idle(): boolean {
    return [...this.#takes.values()].every((take) => take.over);
  }

  /** Whether nothing can go on without a new token. */
  get isHeld(): boolean {
    return this.#tokenOver !== null;
  }

  /** How long the rest takes at the measured and allowed rate, in milliseconds; `null` when nobody can say. */
  get remainingMs(): number | null {
    const gone = this.line.sends.reduce((sum, { sent }) => sum + sent, 0);
    const waiting = [...this.#takes.values()].filter((take) => !take.over);
    const bytes = waiting.reduce((sum, take) => sum + take.allowedBytes - take.storedBytes, 0) - gone;
    if (bytes <= 0) return 0;
    const rate = this.line.usableBytesPerS;
    if (rate === null) return null;
    return Math.round((bytes / rate) * 1000 + Math.max(0, this.line.limits.pace.notBefore - this.now));
  }

  /** Has something written to a take's journal. */
  write = (local: string, entry: Entry): void => {
    this.#effects.push({ kind: "write", local, entry });
  };

  #learn(event: UploadEvent): void {
    switch (event.kind) {
      case "take":
        this.#takes.set(event.record.local, new UploadTake(event.record, event.earlier, this.now));
        return;
      case "grown":
      case "ended":
      case "answered":
      case "beaten": {
        const take = this.#takes.get(event.local);
        return take === undefined ? undefined : this.#learnOfTake(take, event);
      }
      case "progress":
        return this.line.heard(event.send, event.sent, this.now);
      case "sent":
        return this.#sent(event.send, event.answer);
      case "scarce":
        this.#scarce = event.scarce;
        return;
      case "tick":
        return;
      default:
        return this.#learnOfWorld(event);
    }
  }

  #learnOfTake(take: UploadTake, event: Extract<UploadEvent, { local: string }>): void {
    switch (event.kind) {
      case "grown":
        [take.bytes, take.recordedMs] = [event.bytes, event.recordedMs];
        return;
      case "ended":
        [take.ended, take.readable] = [true, event.readable];
        return;
      case "answered":
        this.#tokenOver = answered(take, event.answer, this) ?? this.#tokenOver;
        return;
      case "beaten":
        return beaten(take, event.failure);
    }
  }

  #learnOfWorld(event: Extract<UploadEvent, { kind: "pace" | "online" | "yield" | "token" }>): void {
    switch (event.kind) {
      case "pace":
        this.line.limits = { ...this.line.limits, pace: event.pace };
        return;
      case "online":
        for (const send of this.line.online(event.online, this.now)) this.#giveUp(send);
        if (event.online) this.#retryAtOnce();
        return;
      case "yield":
        for (const send of this.line.yield(event.maxBytesPerS)) this.#cutOff(send);
        return;
      case "token":
        this.#tokenOver = null;
        for (const take of this.#takes.values()) if (take.refused !== null) [take.refused, take.mustOpen] = [null, true];
        return this.#retryAtOnce();
    }
  }

  #retryAtOnce(): void {
    for (const take of this.#takes.values()) take.retryAtOnce(this.now);
  }

  // ---- parts on their way

  #sent(id: number, answer: SendAnswer): void {
    const send = this.line.end(id);
    // It was given up before; whether it arrived, the server is asked.
    if (send === undefined) return;
    if (!answer.ok) return this.#sendFailed(send, answer);
    const { take, number, finished } = send;
    this.line.measure(send, answer.putAt, this.now);
    [take.trouble, take.seenAt, take.unknownUpload] = [null, this.now, 0];
    const { stored } = answer;
    take.set(number, { status: "stored", retry: fresh, stored, storedAt: this.now, confirmed: false, finished });
    this.write(take.local, { at: "stored", part: stored });
  }

  #sendFailed({ take, number }: Send, { where, failure, bodySent }: Extract<SendAnswer, { ok: false }>): void {
    if (where === "sign" && isHeld(failure)) return take.holdPart(number, this.now, this.chance, failure.retryAfterMs);
    take.failPart(number, this.now, this.chance, failure.retryAfterMs, bodySent && failure.status === 0);
    // 403 is an expired URL, most of the time; the next attempt has a new one anyway.
    const lasting = !passes(failure) && failure.status !== 403;
    if (lasting || take.part(number).retry.failures >= TROUBLE) take.trouble = problemOf(failure);
    if (where === "sign") this.#signRefused(take, number, failure.code);
    if (where === "sign") handleRefused(take, failure);
    if (where === "put" && failure.status === 404) this.#uploadUnknown(take);
  }

  /** The exam allows no more bytes: what it allows is sealed, the rest has no place to go. */
  #signRefused(take: UploadTake, number: number, code: string): void {
    if (code === "beyond_budget" || code === "part_number") take.lastAllowed = Math.min(take.lastAllowed, number - 1);
  }

  /** Sealed by somebody else, salvaged, or lost: the server is asked; if it insists that it is open, it is lost. */
  #uploadUnknown(take: UploadTake): void {
    take.unknownUpload += 1;
    if (take.unknownUpload < MOST_UNKNOWN || !again(take, this)) take.mustAsk = true;
  }

  #giveUp(send: Send): void {
    this.#abort(send);
    send.take.failPart(send.number, this.now, this.chance, null, true);
  }

  /** For a live call: no failure, and nothing to wait for when the call lets go. */
  #cutOff(send: Send): void {
    this.#abort(send);
    const { take, number } = send;
    if (take.part(number).stored === null) return take.set(number, { status: "waiting" });
    take.set(number, { status: "unsure" });
    [take.head, take.mustAsk] = ["leave", true];
  }

  #abort(send: Send): void {
    this.line.end(send.id);
    this.#effects.push({ kind: "abort", send: send.id });
  }

  // ---- the plan

  #plan(): void {
    for (const send of this.line.sends) {
      if (send.take.over || send.generation !== send.take.generation) this.#abort(send);
      else if (this.line.deadline(send) <= this.now) this.#giveUp(send);
    }
    for (const take of [...this.#takes.values()]) {
      this.#decideHead(take);
      this.#makeRoom(take);
      this.#forgetEmpty(take);
      this.#planCall(take);
      this.#planBeat(take);
    }
    this.#planSends();
    this.#planWake();
  }

  /** Whether part 1, which went out while the take grew, goes once more with its finished head. */
  #decideHead(take: UploadTake): void {
    const { status, stored, finished } = take.part(1);
    if (!take.ended || take.over || take.head !== "undecided" || status !== "stored") return;
    const resend = take.readable && !finished && this.line.isCheap(stored?.size ?? 0);
    take.head = resend ? "resend" : "leave";
    if (resend) take.set(1, { status: "waiting", retry: fresh });
  }

  /** Gives up confirmed parts for room, never the first. Only what the server has seen in the store may go. */
  #makeRoom(take: UploadTake): void {
    if (!this.#scarce || take.over) return;
    for (const number of take.numbers.slice(1)) {
      const { status, confirmed, freed } = take.part(number);
      if (status !== "stored" || freed) continue;
      if (!confirmed) {
        take.mustAsk = true;
        continue;
      }
      take.set(number, { freed: true });
      take.whole = false;
      this.#effects.push({ kind: "free", local: take.local, ...take.range(number) });
    }
  }

  #forgetEmpty(take: UploadTake): void {
    const unknown = take.ended && take.bytes === 0 && take.opened === null && take.call === null;
    if (!take.empty && !unknown) return;
    this.#takes.delete(take.local);
    this.#effects.push({ kind: "forget", local: take.local });
  }

  #planCall(take: UploadTake): void {
    const kind = take.nextCall();
    if (kind === null || !this.#mayCall() || take.retries[kind].at > this.now) return;
    take.call = { kind, at: this.now };
    this.#effects.push(callEffect(take, kind));
  }

  #planBeat(take: UploadTake): void {
    const { local, opened, beating, over, mustOpen, seenAt } = take;
    if (opened === null || beating || over || mustOpen || !this.#mayCall() || seenAt + this.#beatMs > this.now) return;
    [take.beating, take.seenAt] = [true, this.now];
    this.#effects.push({ kind: "beat", local, opened });
  }

  get #beatMs(): number {
    return this.line.limits.pace.heartbeatMs ?? BEAT_MS;
  }

  #mayCall(): boolean {
    return this.line.limits.online && this.#tokenOver === null;
  }

  #planSends(): void {
    while (this.#mayCall() && this.line.hasRoom(this.now)) {
      const take = this.#nextTake();
      const number = take?.nextPart(this.now) ?? null;
      if (take === undefined || number === null || take.opened === null) return;
      const { id, finished } = this.line.begin(take, number, this.now);
      const { local, opened } = take;
      this.#effects.push({ kind: "send", send: id, local, opened, number, ...take.range(number), finished });
    }
  }

  /** The take with the fewest parts on their way, of these the oldest: no take waits for another one's failing part. */
  #nextTake(): UploadTake | undefined {
    return [...this.#takes.values()]
      .filter((take) => take.nextPart(this.now) !== null)
      .sort((a, b) => this.line.countOf(a) - this.line.countOf(b) || a.startedAt - b.startedAt)[0];
  }

  /** Asks to be woken at the next moment at which something may become possible or due without an event. */
  #planWake(): void {
    const takes = [...this.#takes.values()].filter((take) => !take.over);
    const moments = takes.flatMap((take) => [take.seenAt + this.#beatMs, ...take.moments()]);
    const stalls = this.line.sends.map((send) => this.line.deadline(send));
    const ahead = [...moments, ...stalls, this.line.nextStart()].filter((moment) => moment > this.now);
    const at = Math.min(...ahead);
    if (at < Infinity) this.#effects.push({ kind: "wake", at });
  }
}

function callEffect(take: UploadTake, kind: Call): Effect {
  const { local, opened, key, manifest } = take;
  // Every other call is made only of a take that was opened; opening it again is right in any case.
  if (kind === "open" || opened === null) return { kind: "open", local, key };
  if (kind === "seal") return { kind, local, opened, parts: take.claim(), manifest };
  return { kind, local, recording: opened.recording };
}
