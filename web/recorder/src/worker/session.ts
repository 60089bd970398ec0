/**
 * One sitting in the worker of its page: holds the locks, takes recordings in, keeps the uploads going, tells the page.
 */

import type { Clock } from "../clock.js";
import { finishHead, rewriterFor } from "../container/index.js";
import { ServerClient } from "../server/client.js";
import { openDisk, placeOf } from "../spool/place.js";
import { Spool } from "../spool/spool.js";
import type { TakeState } from "../types.js";
import { UploadEngine } from "../upload/engine.js";
import { putByXhr } from "../upload/put.js";
import { Intake } from "./intake.js";
import { hold, lockNames } from "./locks.js";
import type { FromWorker, ToWorker } from "./protocol.js";
import { RoomWatch } from "./room.js";
import { takeState } from "./states.js";

/** What a session needs of the world. */
export interface SessionParts {
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly post: (message: FromWorker) => void;
}

type Hello = Extract<ToWorker, { kind: "hello" }>;
type Begin = Extract<ToWorker, { kind: "begin" }>;

/** How long a page before this one, reloaded, may take to let go, before this tab is told that another one is there. */
const HANDED_OVER_WITHIN_MS = 1_500;
/** The page hears of the uploads at most so often. */
const TELL_EVERY_MS = 250;

/** A sitting at work. */
export class Session {
  readonly #parts: SessionParts;
  readonly #spool: Spool;
  readonly #client: ServerClient;
  readonly #engine: UploadEngine;
  readonly #room: RoomWatch;
  readonly #intakes = new Map<string, Intake>();
  /** When the page was told last, and how many takes were over then. */
  #told = { at: 0, over: 0 };
  #telling = false;

  private constructor(parts: SessionParts, hello: Hello, spool: Spool) {
    const { clock, random } = parts;
    [this.#parts, this.#spool] = [parts, spool];
    this.#client = new ServerClient(hello.server, hello.token, parts.fetch, clock);
    this.#engine = new UploadEngine({
      client: this.#client,
      spool,
      put: putByXhr,
      reportsProgress: true,
      finishHead,
      clock,
      random,
      offsetMs: hello.sitting.clock.offsetMs,
      changed: () => this.#changed(),
    });
    this.#room = new RoomWatch((room) => {
      parts.post({ kind: "room", room });
      this.#engine.tell({ kind: "scarce", scarce: room !== "enough" });
    });
  }

  /** Waits until this tab has the sitting, reads the spool, and goes on with what earlier pages left. */
  static async begin(hello: Hello, parts: SessionParts): Promise<Session> {
    const place = await placeOf(hello.server, hello.sitting);
    const names = lockNames(place);
    await holdPage(names.page, parts);
    // A service worker may be finishing what the page before left: it stops when the lock is taken from it.
    await hold(names.send, { steal: true });
    const spool = await Spool.open(await openDisk(place, "write", parts.clock), "write");
    const session = new Session(parts, hello, spool);
    await session.#goOn();
    return session;
  }

  /** Takes in a message of the page. */
  hear(message: Exclude<ToWorker, Hello>): void {
    switch (message.kind) {
      case "begin":
        return this.#begin(message);
      case "chunk":
        return this.#intakes.get(message.local)?.chunk(new Uint8Array(message.bytes), message.recordedMs);
      case "note":
        return this.#intakes.get(message.local)?.write({ at: "noted", manifest: message.manifest });
      case "end":
        return this.#intakes.get(message.local)?.write({ at: "ended", manifest: message.manifest });
      case "yield":
      case "online":
        return this.#engine.tell(message);
      case "token":
        this.#client.useToken(message.token);
        return this.#engine.tell({ kind: "token" });
    }
  }

  async #goOn(): Promise<void> {
    for (const { local, ended, outcome, manifest } of this.#spool.takes()) {
      if (outcome?.complete) void this.#spool.settle(local);
      // Whoever recorded it is gone, and a recorder cannot go on where another one stopped.
      if (!ended) await this.#spool.write(local, { at: "ended", manifest: { ...manifest, ended: "page_closed" } });
      this.#engine.tell({ kind: "take", record: this.#spool.take(local), earlier: true });
    }
    this.#parts.post({ kind: "ready", takes: this.#states() });
    // Safari had no estimate in workers before version 17; it then throws, and `full` is found out by writing.
    this.#room.watch(this.#parts.clock, async () => navigator.storage.estimate());
  }

  #begin({ local, track, contentType, startedAt, manifest }: Begin): void {
    const intake = new Intake(local, rewriterFor(contentType), this.#spool, this.#parts.clock, {
      begun: () => this.#engine.tell({ kind: "take", record: this.#spool.take(local), earlier: false }),
      durable: () => this.#durable(local),
      ended: () => this.#ended(local),
      full: (_, full) => this.#room.full(local, full),
    });
    this.#intakes.set(local, intake);
    intake.begin({ at: "begun", track, contentType, startedAt, manifest });
  }

  #durable(local: string): void {
    const { recordedMs, bytes } = this.#spool.take(local);
    this.#parts.post({ kind: "durable", local, recordedMs, recordedBytes: bytes });
    this.#engine.tell({ kind: "grown", local, bytes, recordedMs });
  }

  #ended(local: string): void {
    this.#intakes.delete(local);
    this.#engine.tell({ kind: "ended", local, readable: this.#spool.take(local).durationMs !== null });
  }

  #states(): TakeState[] {
    return this.#spool.takes().map((record) => takeState(record, this.#engine.machine));
  }

  /** Tells the page how the uploads stand: a receipt at once, the rest once for many changes. */
  #changed(): void {
    const { clock } = this.#parts;
    const over = this.#spool.takes().filter(({ outcome }) => outcome !== null).length;
    if (over > this.#told.over) return this.#tell(over);
    if (this.#telling) return;
    this.#telling = true;
    clock.after(Math.max(0, this.#told.at + TELL_EVERY_MS - clock.now()), () => {
      this.#telling = false;
      this.#tell(over);
    });
  }

  #tell(over: number): void {
    const { machine } = this.#engine;
    const { bytesPerS } = machine.line;
    const at = this.#parts.clock.now();
    this.#told = { at, over: Math.max(over, this.#told.over) };
    const heldBy = machine.line.heldBy(at);
    this.#parts.post({ kind: "uploads", takes: this.#states(), heldBy, bytesPerS, remainingMs: machine.remainingMs });
  }
}

/** Waits for the tab's lock; tells the page when another tab has it. */
async function holdPage(name: string, { clock, post }: SessionParts): Promise<void> {
  const calledOff = clock.after(HANDED_OVER_WITHIN_MS, () => post({ kind: "elsewhere" }));
  await hold(name);
  calledOff();
}
