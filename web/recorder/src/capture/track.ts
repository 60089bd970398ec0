/**
 * One track: its source, the take that is recorded from it, and what is done when either goes away. Knows nothing of the
 * other tracks, so that they go on.
 */

import { failure, problem, type ProblemCode } from "../problems.js";
import type { ServerClock } from "../sitting/clock.js";
import type { Report } from "../state.js";
import type { Former } from "../takes.js";
import type { CaptureSettings, Gap, GapReason, Manifest, TrackName } from "../types.js";
import { levelAfter, lowered, type Level } from "./quality.js";
import { close, isNotWholeMonitor, type Opened, type Source } from "./sources.js";
import { Take, type TakeWorld } from "./take.js";

/** More failures of an encoder than this within {@link BREAKS_WITHIN_MS} are no accident. */
const MOST_BREAKS = 3;
const BREAKS_WITHIN_MS = 60_000;

/** Interruptions that a source may survive; every other one takes it away. */
const OF_ONE_SOURCE: ReadonlySet<GapReason> = new Set(["asleep", "frozen", "spool_full", "encoder_failed"]);

/** What a track needs from outside. */
export interface TrackWorld extends Pick<TakeWorld, "post" | "recordingOf"> {
  readonly clock: ServerClock;
  readonly report: (report: Report) => void;
  readonly open: (capture: CaptureSettings, source: Source) => Promise<Opened>;
  /** The content type to record with or without sound; `null` when the browser can record none. */
  readonly contentType: (withSound: boolean) => string | null;
  readonly reasonOfEnd: (kind: string) => Promise<GapReason>;
  readonly newId: () => string;
}

/** One track of the sitting. */
export class TrackCapture {
  #opened: Opened | null = null;
  #opening: Promise<Opened> | null = null;
  #take: Take | null = null;
  #former: Former | null;
  #interruption: GapReason | null = null;
  #level: Level = 0;
  #isFull = false;
  #breaks: number[] = [];
  #endings = new Set<Promise<void>>();
  #isOver = false;

  constructor(
    readonly track: TrackName,
    readonly capture: CaptureSettings,
    readonly source: Source,
    readonly world: TrackWorld,
    former: Former | null,
  ) {
    this.#former = former;
  }

  /** What is captured, for a preview; `null` while the source is closed. */
  get stream(): MediaStream | null {
    return this.#opened?.stream ?? null;
  }

  /** Whether a take is being recorded. */
  get isLive(): boolean {
    return this.#take !== null;
  }

  /**
   * Opens the source and keeps it open; a second call finds it open.
   * @throws {@link RecorderError} that says what the candidate can do.
   */
  async prepare(): Promise<void> {
    if (this.#opened) return;
    this.#opening ??= this.world.open(this.capture, this.source);
    try {
      this.#keep(await this.#opening);
    } finally {
      this.#opening = null;
    }
  }

  /** Begins a take on the open source. @throws {@link RecorderError} `recording_unsupported`. */
  begin(): void {
    if (!this.#opened || this.#take) return;
    if (this.#isFull) return this.#waitForRoom();
    this.#take = this.#newTake(this.#opened.stream);
    this.#interruption = null;
    this.world.report({ kind: "live", track: this.track, lowered: this.#level > 0 });
  }

  /** Opens the source again if need be, and records on. @throws {@link RecorderError} as {@link prepare}. */
  async resume(): Promise<void> {
    await this.prepare();
    if (!this.#isOver) this.begin();
  }

  /** Ends the take because its source or its room is gone, and says so; `at` is when its last frame was taken. */
  interrupt(reason: GapReason, at: number): void {
    const take = this.#take;
    if (!take) return;
    const gap: Gap = { reason, fromAt: at, toAt: null };
    this.#interruption = reason;
    this.#end(take, reason, gap);
    if (!OF_ONE_SOURCE.has(reason)) this.#letGo();
    // A full spool is nothing that a click could mend; it goes on by itself when there is room.
    const canResume = reason !== "spool_full";
    this.world.report({ kind: "interrupted", track: this.track, local: take.plan.local, gap, canResume });
  }

  /** What was recorded until `at` and what comes now are two takes; the source stays as it is, if it has survived. */
  split(reason: GapReason, at: number): void {
    if (!this.#take) return;
    this.interrupt(reason, at);
    const survived = this.#opened?.stream.getVideoTracks().some(({ readyState }) => readyState === "live");
    if (!survived) this.#letGo();
    this.#recover();
  }

  /** News of the spool's room, and until when this track is durable. */
  room(room: "enough" | "low" | "full", durableUntil: number): void {
    const level = levelAfter(this.#level, room);
    const changed = level !== this.#level;
    this.#level = level;
    this.#isFull = room === "full";
    if (room === "full") return this.interrupt("spool_full", durableUntil);
    if (this.#interruption === "spool_full") return this.#beginAgain();
    if (changed && this.#take) this.#lower(this.#take);
  }

  /** Devices have come or gone: what lost its camera or microphone may have it again. */
  devicesChanged(): void {
    if (this.#interruption === "device_unplugged") this.#recover();
  }

  /** The camera's permission was taken back. */
  revoked(): void {
    if (this.source.from === "camera") this.interrupt("permission_revoked", this.world.clock.now());
  }

  /** There may be news for the manifest. */
  refresh(): void {
    this.#take?.refresh();
  }

  /** Ends for good. Resolves when the worker has every byte. */
  async stop(): Promise<void> {
    this.#isOver = true;
    if (this.#take) this.#end(this.#take, "stopped", null);
    await Promise.all(this.#endings);
    this.#letGo();
  }

  /** Lets go of everything at once, as when the page goes away. */
  abandon(): void {
    this.#isOver = true;
    this.#take = null;
    this.#letGo();
  }

  #keep(opened: Opened): void {
    if (this.#isOver) return close(opened.stream);
    if (this.#opened) return;
    this.#opened = opened;
    for (const one of opened.stream.getTracks()) {
      one.addEventListener("ended", () => void this.#lost(opened, one.kind), { once: true });
      one.addEventListener("configurationchange", () => this.#surfaceChanged(opened, one));
    }
    this.world.report({ kind: "prepared", track: this.track, prepared: true });
    if (opened.silent) this.#trouble("microphone_missing");
  }

  #letGo(): void {
    if (!this.#opened) return;
    const { stream } = this.#opened;
    this.#opened = null;
    close(stream);
    this.world.report({ kind: "prepared", track: this.track, prepared: false });
  }

  /** A source that is stopped by ourselves fires nothing, so this was the candidate, the device or the browser. */
  async #lost(opened: Opened, kind: string): Promise<void> {
    const at = this.world.clock.now();
    const reason = this.source.from === "screen" ? "share_stopped" : await this.world.reasonOfEnd(kind);
    if (this.#opened !== opened) return;
    if (!this.#take) return this.#letGo();
    this.interrupt(reason, at);
    // The other of camera and microphone may still be there, or another one.
    this.devicesChanged();
  }

  /** Records on where that needs no click: a screen can only be asked for in a gesture. */
  #recover(): void {
    if (!this.#opened && this.source.from === "screen") return;
    void this.resume().catch(() => undefined);
  }

  /** Some systems let people choose another surface in the middle of a share. */
  #surfaceChanged(opened: Opened, one: MediaStreamTrack): void {
    if (this.#opened !== opened || this.source.from !== "screen" || !isNotWholeMonitor(this.capture, one.getSettings())) return;
    if (this.#take) this.interrupt("share_stopped", this.world.clock.now());
    else this.#letGo();
    this.#trouble("not_whole_monitor");
  }

  #lower(take: Take): void {
    this.#end(take, "quality_lowered", null);
    this.#beginAgain();
  }

  #beginAgain(): void {
    try {
      this.begin();
    } catch {
      this.#trouble("recording_unsupported");
    }
  }

  #waitForRoom(): void {
    this.#interruption = "spool_full";
    const gap: Gap = { reason: "spool_full", fromAt: this.world.clock.now(), toAt: null };
    this.world.report({ kind: "interrupted", track: this.track, local: null, gap, canResume: false });
  }

  #newTake(stream: MediaStream): Take {
    const capture = heard(lowered(this.capture, this.#level), stream);
    const contentType = this.world.contentType(capture.audioBitsPerSecond !== null);
    if (contentType === null) throw failure("recording_unsupported");
    const plan = { local: this.world.newId(), track: this.track, stream, contentType, capture, former: this.#former };
    try {
      return new Take(plan, this.#takeWorld());
    } catch {
      throw failure("recording_unsupported");
    }
  }

  /** The take that ends becomes the one that the next continues, unless it has no byte: then there was none. */
  #end(take: Take, ended: Manifest["ended"], after: Gap | null): void {
    this.#take = null;
    const endedAt = after?.fromAt ?? this.world.clock.now();
    if (take.hasBegun) this.#former = { local: take.plan.local, reason: after?.reason ?? null, endedAt };
    const ending = take.end(ended, after).then(() => this.world.report({ kind: "ended", local: take.plan.local }));
    this.#endings.add(ending);
    void ending.finally(() => this.#endings.delete(ending));
  }

  #broke(take: Take): void {
    if (this.#take !== take) return;
    const now = this.world.clock.mono();
    this.#breaks = [...this.#breaks.filter((at) => now - at < BREAKS_WITHIN_MS), now];
    this.interrupt("encoder_failed", this.world.clock.now());
    if (this.#breaks.length > MOST_BREAKS) this.#trouble("encoder_failed");
    else this.#beginAgain();
  }

  #trouble(code: ProblemCode): void {
    this.world.report({ kind: "trouble", problem: problem(code) });
  }

  #takeWorld(): TakeWorld {
    const { clock, post, recordingOf, report } = this.world;
    return {
      clock,
      post,
      recordingOf,
      began: ({ local, track }, startedAt, gap) => report({ kind: "began", local, track, startedAt, gap }),
      broke: (take) => this.#broke(take),
    };
  }
}

/** The settings for what this stream has: without a microphone there is no sound to encode. */
function heard(capture: CaptureSettings, stream: MediaStream): CaptureSettings {
  return stream.getAudioTracks().length > 0 ? capture : { ...capture, audioBitsPerSecond: null };
}
