/**
 * Does what the upload machine wants: calls the server, sends parts, writes the journal, keeps the one timer. Decides
 * nothing itself.
 */

import type { Clock } from "../clock.js";
import type { FinishHead } from "../container/container.js";
import type { Answer, ConfirmedRecording, OpenedRecording, ServerClient, ServerPace } from "../server/client.js";
import { unreachable } from "../server/failure.js";
import type { Opened, StoredPart } from "../spool/journal.js";
import type { Spool } from "../spool/spool.js";
import { contentOf } from "./content.js";
import type { CallAnswer, Effect, SendAnswer, UploadEvent } from "./events.js";
import { UploadMachine } from "./machine.js";
import { type Pace, noPace } from "./pace.js";
import type { Put } from "./put.js";
import type { Confirmed } from "./take.js";

/** What an engine works with. */
export interface EngineParts {
  readonly client: ServerClient;
  readonly spool: Spool;
  readonly put: Put;
  /** Whether `put` tells how far it is. */
  readonly reportsProgress: boolean;
  readonly finishHead: FinishHead;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The server's clock minus this machine's, in milliseconds. */
  readonly offsetMs: number;
  /** Is called after every change. */
  readonly changed: () => void;
}

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

/** The uploads of one sitting, at work. */
export class UploadEngine {
  readonly machine: UploadMachine;
  readonly #parts: EngineParts;
  readonly #sending = new Map<number, AbortController>();
  #cancelWake: () => void = () => undefined;
  #stopped = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.machine = new UploadMachine(parts.reportsProgress);
  }

  /** Tells the machine what happened and does what it wants. */
  tell(event: UploadEvent): void {
    if (this.#stopped) return;
    const { clock, random, changed } = this.#parts;
    for (const effect of this.machine.step(event, clock.now(), random())) this.#run(effect);
    changed();
  }

  /** Cuts everything off. What had not arrived is sent by whoever goes on. */
  stop(): void {
    this.#stopped = true;
    this.#cancelWake();
    for (const sending of this.#sending.values()) sending.abort();
  }

  #run(effect: Effect): void {
    switch (effect.kind) {
      case "open":
      case "ask":
      case "seal":
      case "discard":
        return this.#answer(effect.local, this.#call(effect));
      case "beat":
        return void this.#beat(effect);
      case "send":
        return void this.#send(effect);
      case "abort":
        return this.#sending.get(effect.send)?.abort();
      case "wake":
        return this.#wake(effect.at);
      case "write":
      case "free":
      case "forget":
        return void this.#keep(effect);
    }
  }

  #answer(local: string, answer: Promise<CallAnswer>): void {
    void answer.then((answer) => this.tell({ kind: "answered", local, answer }));
  }

  async #call(effect: Of<"open" | "ask" | "seal" | "discard">): Promise<CallAnswer> {
    const { client, spool } = this.#parts;
    switch (effect.kind) {
      case "open": {
        const { track, contentType, startedAt } = spool.take(effect.local);
        const answer = await client.open(effect.key, track, contentType, startedAt);
        if (answer.ok) this.#pace(answer.value.pace);
        return told(answer, (value) => ({ kind: "opened", opened: openedOf(value), state: value.state }));
      }
      case "ask":
        return told(await client.show(effect.recording), (value) => ({ kind: "asked", confirmed: confirmedOf(value) }));
      case "seal":
        return told(await this.#seal(effect), ({ state, receipt }) => ({ kind: "sealed", state, receipt }));
      case "discard":
        return told(await client.discard(effect.recording), () => ({ kind: "discarded" }));
    }
  }

  #seal({ local, opened, parts, manifest: withManifest }: Of<"seal">) {
    const { client, spool } = this.#parts;
    const { durationMs, recordedMs, manifest, continues } = spool.take(local);
    const told = continues === null ? manifest : { ...manifest, continues };
    return client.seal(opened.recording, {
      handle: opened.handle,
      size: parts.reduce((sum, { size }) => sum + size, 0),
      parts: parts.map(claimed),
      duration_ms: Math.round(durationMs ?? recordedMs),
      ...(withManifest ? { manifest: told } : {}),
    });
  }

  async #beat({ local, opened }: Of<"beat">): Promise<void> {
    const answer = await this.#sign(local, opened, []);
    this.tell({ kind: "beaten", local, failure: answer.ok ? null : answer.failure });
  }

  async #send(effect: Of<"send">): Promise<void> {
    const sending = new AbortController();
    this.#sending.set(effect.send, sending);
    const answer = await this.#deliver(effect, sending.signal);
    this.#sending.delete(effect.send);
    this.tell({ kind: "sent", send: effect.send, answer });
  }

  async #deliver(effect: Of<"send">, signal: AbortSignal): Promise<SendAnswer> {
    const { spool, finishHead, put, clock } = this.#parts;
    const { local, opened, number, send } = effect;
    const content = await contentOf(spool, finishHead, effect).catch((error: unknown) => unreadable(error));
    if ("ok" in content) return content;
    const { body, sha256 } = content;
    const signed = await this.#sign(local, opened, [{ number, size: body.size, sha256 }]);
    if (!signed.ok) return { ok: false, where: "sign", failure: signed.failure, bodySent: false };
    const [target] = signed.value.parts;
    if (target === undefined || signal.aborted) return cutOff;
    const onProgress = (sent: number) => this.tell({ kind: "progress", send, sent });
    onProgress(0);
    const putAt = clock.now();
    const { failure, bodySent } = await put({ url: target.url, headers: target.headers, body, signal, onProgress });
    if (failure !== null) return { ok: false, where: "put", failure, bodySent };
    return { ok: true, stored: { number, size: body.size, sha256 }, putAt };
  }

  async #sign(local: string, opened: Opened, parts: readonly StoredPart[]) {
    const take = this.machine.take(local);
    const pending = take === undefined ? 0 : take.bytes - take.storedBytes;
    const progress = { recorded_ms: Math.round(take?.recordedMs ?? 0), pending_bytes: pending };
    const answer = await this.#parts.client.sign(opened.recording, opened.handle, parts.map(claimed), progress);
    if (answer.ok) this.#pace(answer.value.pace);
    return answer;
  }

  #pace(pace: ServerPace | null | undefined): void {
    const { clock, offsetMs } = this.#parts;
    this.tell({ kind: "pace", pace: paceOf(pace, clock.now(), offsetMs) });
  }

  /** Whether it could be written changes nothing for the upload: all of it can be found out again by asking. */
  async #keep(effect: Of<"write" | "free" | "forget">): Promise<void> {
    const { spool } = this.#parts;
    const { local } = effect;
    if (effect.kind === "free") return spool.free(local, effect.from, effect.to).catch(() => undefined);
    if (effect.kind === "forget") return spool.forget(local).catch(() => undefined);
    await spool.write(local, effect.entry).catch(() => undefined);
    if (effect.entry.at === "over" && effect.entry.outcome.complete) await spool.settle(local).catch(() => undefined);
    this.#parts.changed();
  }

  #wake(at: number): void {
    const { clock } = this.#parts;
    this.#cancelWake();
    this.#cancelWake = clock.after(Math.max(0, at - clock.now()), () => this.tell({ kind: "tick" }));
  }
}

const cutOff: SendAnswer = {
  ok: false,
  where: "put",
  failure: unreachable("it was given up before it began"),
  bodySent: false,
};

function unreadable(error: unknown): SendAnswer {
  const failure = { ...unreachable(error), code: "spool_unreadable" };
  return { ok: false, where: "spool", failure, bodySent: false };
}

function told<T>(answer: Answer<T>, good: (value: T) => CallAnswer): CallAnswer {
  return answer.ok ? good(answer.value) : { kind: "failed", failure: answer.failure };
}

function claimed({ number, size, sha256 }: StoredPart) {
  return sha256 === null ? { number, size } : { number, size, sha256 };
}

function openedOf({ id, take, handle, part_size, max_parts }: OpenedRecording): Opened {
  return { recording: id, take, handle, partSize: part_size, maxParts: max_parts };
}

function confirmedOf({ state, contiguous_bytes, parts, receipt }: ConfirmedRecording): Confirmed {
  const stored = parts.map(({ number, size, sha256 }) => ({ number, size, sha256: sha256 ?? null }));
  return { state, contiguousBytes: contiguous_bytes, parts: stored, receipt: receipt ?? null };
}

/** The server's wish on this machine's clock. */
export function paceOf(pace: ServerPace | null | undefined, now: number, offsetMs: number): Pace {
  if (pace === null || pace === undefined) return noPace;
  const moment = pace.not_before == null ? 0 : Date.parse(pace.not_before) - offsetMs;
  const pause = pace.retry_after_s == null ? 0 : now + pace.retry_after_s * 1000;
  const { parallel, max_bytes_per_s: maxBytesPerS, heartbeat_s: heartbeatS } = pace;
  return {
    notBefore: Math.max(moment, pause), parallel: parallel ?? Infinity, maxBytesPerS: maxBytesPerS ?? null,
    heartbeatMs: heartbeatS == null ? null : heartbeatS * 1000,
  };
}
