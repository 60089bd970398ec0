// A server, a store, a network and a browser that misbehave in every way a test asks for, around the upload machine.

import { expect } from "vitest";

import { type Entry, type Opened, type StoredPart, type TakeRecord, after, begun } from "../../src/spool/journal.js";
import type { CallAnswer, Effect, SendAnswer, UploadEvent } from "../../src/upload/events.js";
import { UploadMachine } from "../../src/upload/machine.js";
import { noPace } from "../../src/upload/pace.js";
import { beginning } from "./takes.js";

export const PART_SIZE = 10;

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;
export type Waiting = Of<"open" | "ask" | "seal" | "discard" | "beat" | "send">;

interface Recording {
  readonly id: string;
  readonly take: number;
  state: "open" | "sealed" | "partial" | "deleted";
  readonly parts: Map<number, StoredPart>;
  receipt: string | null;
}

const failure = (status: number, code: string, parts: number[] = [], retryAfterMs: number | null = null) => ({
  status,
  code,
  detail: code,
  retryAfterMs,
  parts,
  field: null,
});

export class World {
  now = 1_000_000;
  machine = new UploadMachine(true);
  /** What waits for an answer, oldest first. */
  waiting: Waiting[] = [];
  wakeAt = Infinity;
  readonly recordings = new Map<string, Recording>();
  readonly records = new Map<string, TakeRecord>();
  readonly forgotten = new Set<string>();
  /** How often bytes were given up. */
  frees = 0;
  chance = 0.5;
  /** Parts that the store refuses for ever, as `local/number`. */
  readonly broken = new Set<string>();
  /** Parts that the store or the server vouched for, by recording and number: what may be claimed. */
  readonly #vouched = new Set<string>();
  /** Parts that the server has seen in the store: what may be given up. */
  readonly #seen = new Set<string>();
  #hasRotten = false;
  /** Parts on their way of which nothing will be heard. */
  #swallowed: Of<"send">[] = [];

  tell(event: UploadEvent): void {
    for (const effect of this.machine.step(event, this.now, this.chance)) this.#do(effect);
    const sends = [...this.waiting.filter((effect) => effect.kind === "send"), ...this.#swallowed];
    expect(sends.length).toBeLessThanOrEqual(2);
    const places = sends.map(({ local, opened, number }) => `${local} ${opened.recording} ${number}`);
    expect(new Set(places).size).toBe(places.length);
  }

  begin(local: string): void {
    this.records.set(local, begun(local, beginning(this.now)));
    this.tell({ kind: "take", record: this.record(local), earlier: false });
  }

  record(local: string): TakeRecord {
    const record = this.records.get(local);
    if (record === undefined) throw new Error(`no take ${local}`);
    return record;
  }

  grow(local: string, bytes: number): void {
    const record = this.record(local);
    if (record.ended) return;
    const total = record.bytes + bytes;
    this.#write(local, { at: "grown", bytes: total, recordedMs: total * 100, durationMs: total * 100, points: [] });
    this.tell({ kind: "grown", local, bytes: total, recordedMs: total * 100 });
  }

  end(local: string): void {
    const record = this.record(local);
    if (record.ended) return;
    this.#write(local, { at: "ended", manifest: record.manifest });
    this.tell({ kind: "ended", local, readable: record.durationMs !== null });
  }

  /** The browser is killed and started anew: the machine is built from the records. */
  crash(): void {
    for (const effect of this.waiting) if (effect.kind === "send" && this.chance < 0.5) this.arrive(effect);
    [this.waiting, this.#swallowed] = [[], []];
    [this.wakeAt, this.machine] = [Infinity, new UploadMachine(true)];
    for (const [local, record] of this.records) {
      if (!record.ended) this.#write(local, { at: "ended", manifest: record.manifest });
      this.tell({ kind: "take", record: this.record(local), earlier: true });
    }
  }

  /** Forgets what the journal says of the store, as when its last lines were torn. */
  tear(local: string): void {
    const record = this.record(local);
    // A store that changes its mind about parts of which we know nothing could not be found out.
    if (record.outcome === null && !this.#hasRotten) this.records.set(local, { ...record, stored: new Map() });
  }

  /** The request is never answered. Calls to the server give up by themselves, parts on their way do not. */
  swallow(effect: Waiting): void {
    if (effect.kind === "send") this.waiting = this.waiting.filter((other) => other !== effect);
    if (effect.kind === "send") this.#swallowed.push(effect);
  }

  /** The store loses a part, or changes it. */
  rot(local: string, number: number): void {
    const recording = this.recordings.get(this.record(local).opened?.recording ?? "");
    const part = recording?.parts.get(number);
    // Only the page's own digest tells a wrong part from a right one: it stands in the journal, but part 1 has two right forms.
    const known = this.machine.take(local)?.part(number).status === "stored" && this.record(local).stored.has(number);
    if (recording?.state !== "open" || part === undefined || !known) return;
    this.#hasRotten = true;
    if (this.chance < 0.5 || number === 1) recording.parts.delete(number);
    else recording.parts.set(number, { ...part, sha256: "rotten" });
  }

  advance(ms: number): void {
    this.now += ms;
    if (this.now >= this.wakeAt) {
      this.wakeAt = Infinity;
      this.tell({ kind: "tick" });
    }
  }

  /** Lets time pass until something is due. @returns whether anything will ever be */
  sleep(): boolean {
    if (this.wakeAt === Infinity) return false;
    this.advance(Math.max(0, this.wakeAt - this.now));
    return true;
  }

  /** Answers as everything works. */
  serve(effect: Waiting): void {
    this.#take(effect);
    switch (effect.kind) {
      case "send":
        return this.#serveSend(effect);
      case "beat":
        return this.tell({ kind: "beaten", local: effect.local, failure: null });
      default:
        return this.#answer(effect, this.answerTo(effect));
    }
  }

  /** The request breaks before it did anything. */
  drop(effect: Waiting): void {
    this.fail(effect, 0, "unreachable", false);
  }

  /** The request does its work, and the answer is lost. */
  loseAnswer(effect: Waiting): void {
    if (effect.kind === "send") this.arrive(effect);
    else if (effect.kind !== "beat") this.answerTo(effect);
    this.fail(effect, 0, "unreachable", true);
  }

  fail(effect: Waiting, status: number, code: string, bodySent = true, retryAfterMs: number | null = null): void {
    this.#take(effect);
    const failed = failure(status, code, [], retryAfterMs);
    if (effect.kind === "send") {
      const answer: SendAnswer = { ok: false, where: "put", failure: failed, bodySent };
      return this.tell({ kind: "sent", send: effect.send, answer });
    }
    if (effect.kind === "beat") return this.tell({ kind: "beaten", local: effect.local, failure: failed });
    this.#answer(effect, { kind: "failed", failure: failed });
  }

  /** The server lets others go first. */
  hold(effect: Of<"send">, retryAfterMs: number): void {
    this.#take(effect);
    const answer: SendAnswer = { ok: false, where: "sign", failure: failure(429, "paced", [], retryAfterMs), bodySent: false };
    this.tell({ kind: "sent", send: effect.send, answer });
  }

  /** The bytes of a part are in the store. */
  arrive({ local, opened, number, from, to, finished }: Of<"send">): StoredPart {
    const part = { number, size: to - from, sha256: `${local}-${from}-${to}${finished ? "-head" : ""}` };
    const recording = this.recordings.get(opened.recording);
    if (recording?.state === "open") recording.parts.set(number, part);
    return part;
  }

  /** The server gives up waiting: it keeps the parts before the first hole. */
  salvage(local: string): void {
    const recording = this.recordings.get(this.record(local).opened?.recording ?? "");
    if (recording === undefined || recording.state !== "open") return;
    for (let number = 1, hole = false; number <= 200; number += 1) {
      hole ||= !recording.parts.has(number);
      if (hole) recording.parts.delete(number);
    }
    recording.state = "partial";
    recording.receipt = recording.parts.size > 0 ? `receipt of ${recording.id}` : null;
  }

  /** Everything works from now on, until nothing is left to do. */
  settle(): void {
    this.tell({ kind: "online", online: true });
    this.tell({ kind: "yield", maxBytesPerS: null });
    this.tell({ kind: "pace", pace: noPace });
    this.tell({ kind: "token" });
    for (let round = 0; round < 5_000; round += 1) {
      const [next] = this.waiting;
      if (next !== undefined) this.serve(next);
      else if (this.machine.idle || !this.sleep()) return;
    }
    throw new Error("it never settles");
  }

  answerTo(effect: Of<"open" | "ask" | "seal" | "discard">): CallAnswer {
    switch (effect.kind) {
      case "open":
        return this.#open(effect);
      case "ask":
        return this.#ask(effect);
      case "seal":
        return this.#seal(effect);
      case "discard":
        return { kind: "discarded" };
    }
  }

  #do(effect: Effect): void {
    if (effect.kind === "wake") this.wakeAt = effect.at;
    else if (effect.kind === "write") this.#write(effect.local, effect.entry);
    else if (effect.kind === "free") this.#free(effect);
    else if (effect.kind === "forget") this.#forget(effect.local);
    else if (effect.kind === "abort") this.#abort(effect.send);
    else this.#start(effect);
  }

  #free({ local, from }: Of<"free">): void {
    expect(from).toBeGreaterThan(0);
    const recording = this.machine.take(local)?.opened?.recording;
    expect(this.#seen.has(`${recording} ${from / PART_SIZE + 1}`)).toBe(true);
    this.frees += 1;
  }

  #start(effect: Waiting): void {
    if (effect.kind === "send") this.#checkSend(effect);
    if (effect.kind === "seal") this.#checkSeal(effect);
    this.waiting.push(effect);
  }

  #checkSend({ local, number, from, to }: Of<"send">): void {
    const { bytes, ended } = this.record(local);
    expect(from).toBe((number - 1) * PART_SIZE);
    const last = to === bytes && ended;
    expect(to - from === PART_SIZE || last).toBe(true);
    expect(to).toBeGreaterThan(from);
  }

  #checkSeal({ local, opened, parts }: Of<"seal">): void {
    const { bytes, ended } = this.record(local);
    expect(ended).toBe(true);
    expect(this.waiting.some((other) => other.kind === "send" && other.local === local)).toBe(false);
    expect(parts.map(({ number }) => number)).toEqual(parts.map((_, place) => place + 1));
    expect(parts.reduce((sum, { size }) => sum + size, 0)).toBe(bytes);
    expect(parts.slice(0, -1).every(({ size }) => size === PART_SIZE)).toBe(true);
    for (const { number } of parts) expect(this.#vouched.has(`${opened.recording} ${number}`)).toBe(true);
  }

  /** An abort may come too late. */
  #abort(id: number): void {
    const sends = [...this.waiting, ...this.#swallowed];
    const send = sends.find((effect): effect is Of<"send"> => effect.kind === "send" && effect.send === id);
    if (send === undefined) return;
    this.#swallowed = this.#swallowed.filter((other) => other !== send);
    if (this.chance < 0.5) this.arrive(send);
    this.#take(send);
  }

  #forget(local: string): void {
    this.forgotten.add(local);
    this.records.delete(local);
  }

  #write(local: string, entry: Entry): void {
    const record = this.records.get(local);
    if (record !== undefined) this.records.set(local, after(record, entry));
  }

  #take(effect: Waiting): void {
    this.waiting = this.waiting.filter((other) => other !== effect);
  }

  #answer(effect: Of<"open" | "ask" | "seal" | "discard">, answer: CallAnswer): void {
    this.tell({ kind: "answered", local: effect.local, answer });
  }

  #serveSend(effect: Of<"send">): void {
    const recording = this.recordings.get(effect.opened.recording);
    const gone = recording?.state !== "open";
    if (gone || this.broken.has(`${effect.local}/${effect.number}`)) {
      const failed = gone ? failure(404, "NoSuchUpload") : failure(500, "InternalError");
      const answer: SendAnswer = { ok: false, where: "put", failure: failed, bodySent: true };
      return this.tell({ kind: "sent", send: effect.send, answer });
    }
    const stored = this.arrive(effect);
    this.#vouched.add(`${effect.opened.recording} ${effect.number}`);
    const putAt = this.now;
    this.now += 20;
    this.tell({ kind: "sent", send: effect.send, answer: { ok: true, stored, putAt } });
  }

  #open({ key }: Of<"open">): CallAnswer {
    const id = `recording-${key}`;
    const earlier = this.recordings.get(id);
    const take = this.recordings.size + 1;
    const recording = earlier ?? { id, take, state: "open" as const, parts: new Map(), receipt: null };
    this.recordings.set(id, recording);
    const opened: Opened = { recording: id, take: recording.take, handle: "h", partSize: PART_SIZE, maxParts: 1000 };
    return { kind: "opened", opened, state: recording.state };
  }

  #ask({ recording: id }: Of<"ask">): CallAnswer {
    const recording = this.recordings.get(id);
    if (recording === undefined) return { kind: "failed", failure: failure(404, "not_found") };
    const parts = [...recording.parts.values()];
    for (const { number } of parts) this.#vouched.add(`${id} ${number}`);
    for (const { number } of parts) this.#seen.add(`${id} ${number}`);
    const contiguousBytes = parts.reduce((sum, { size }) => sum + size, 0);
    const shown = recording.state === "open" ? parts : [];
    return { kind: "asked", confirmed: { state: recording.state, contiguousBytes, parts: shown, receipt: recording.receipt } };
  }

  #seal({ opened, parts }: Of<"seal">): CallAnswer {
    const recording = this.recordings.get(opened.recording);
    if (recording === undefined) return { kind: "failed", failure: failure(404, "not_found") };
    if (recording.state === "deleted") return { kind: "failed", failure: failure(409, "wrong_state") };
    if (recording.state === "open") {
      const missing = parts.filter(({ number }) => !recording.parts.has(number)).map(({ number }) => number);
      if (missing.length > 0) return { kind: "failed", failure: failure(409, "parts_missing", missing) };
      const wrong = parts.filter(({ number, sha256 }) => recording.parts.get(number)?.sha256 !== sha256);
      const numbers = wrong.map(({ number }) => number);
      if (numbers.length > 0) return { kind: "failed", failure: failure(422, "checksum_mismatch", numbers) };
      [recording.state, recording.receipt] = ["sealed", `receipt of ${recording.id}`];
    }
    return { kind: "sealed", state: recording.state, receipt: recording.receipt ?? "" };
  }
}
