/**
 * One take: one MediaRecorder on one track's stream, from its first byte to its last. Knows nothing of why it ends or what
 * comes after; its bytes go to the worker in the order in which they were recorded.
 */

import { manifest } from "./manifest.js";
import type { ServerClock } from "../sitting/clock.js";
import type { Former } from "../takes.js";
import type { CaptureSettings, Gap, Manifest, TrackName } from "../types.js";
import type { ToWorker } from "../worker/protocol.js";

/** Every half second the recorder hands over what it has: what a crash may cost beside the flush. */
const SLICE_MS = 500;

/**
 * Seeking on a webcam every 5 s costs a few bits. On a screen full of text a key frame is dear, so there the encoder
 * keeps its own, long interval.
 */
const CAMERA_KEY_FRAMES_MS = 5_000;

/** What a take is made of. */
export interface TakePlan {
  readonly local: string;
  readonly track: TrackName;
  readonly stream: MediaStream;
  readonly contentType: string;
  readonly capture: CaptureSettings;
  /** The take before, if any, and why there is a gap between the two. */
  readonly former: Former | null;
}

/** Whom a take tells. */
export interface TakeWorld {
  readonly clock: ServerClock;
  readonly post: (message: ToWorker, transfer?: Transferable[]) => void;
  /** The recording's id of another take, once the server has named it. */
  readonly recordingOf: (local: string) => string | null;
  /** Its first bytes are here. */
  readonly began: (plan: TakePlan, startedAt: number, gapBefore: Gap | null) => void;
  /** The encoder has given up. */
  readonly broke: (take: Take) => void;
}

/** Options that the type library does not know yet; Firefox and Safari ignore it. */
interface RecorderOptions extends MediaRecorderOptions {
  videoKeyFrameIntervalDuration?: number;
}

/** A take that is being recorded. */
export class Take {
  readonly #recorder: MediaRecorder;
  readonly #stopped: Promise<void>;
  #sending: Promise<void> = Promise.resolve();
  readonly #startedMono: number;
  /** Fixed with the first bytes: what the clock learns later, as from a sleep, is not about this moment. */
  #startedAt: number | null = null;
  /** What the source gave at the first bytes: a track that has ended says nothing any more. */
  #source: MediaTrackSettings = {};
  #continues: string | null = null;

  /** Begins to record at once. Throws what the browser throws when it cannot. */
  constructor(readonly plan: TakePlan, readonly world: TakeWorld) {
    this.#recorder = new MediaRecorder(plan.stream, recorderOptions(plan));
    this.#stopped = new Promise((resolve) => this.#recorder.addEventListener("stop", () => resolve(), { once: true }));
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#take(data));
    this.#recorder.addEventListener("error", () => world.broke(this), { once: true });
    // Not the "start" event: Chromium fires that with the first encoded bytes, up to 0.8 s after the first frame. Beside the
    // frames that come out, the call itself is right to within one of them.
    this.#startedMono = world.clock.mono();
    this.#recorder.start(SLICE_MS);
  }

  /** Whether bytes of it have gone to the worker, so that the worker knows of it. */
  get hasBegun(): boolean {
    return this.#startedAt !== null;
  }

  /** Tells the worker when there is news for the manifest: the take before has been named. */
  refresh(): void {
    const before = this.#continues;
    if (this.#startedAt === null || this.#named() === before) return;
    this.world.post({ kind: "note", local: this.plan.local, manifest: this.#manifest(this.#startedAt, "page_closed", null) });
  }

  /** Stops, sends the last bytes and says that they were the last. Resolves when the worker has been told. */
  async end(ended: Manifest["ended"], after: Gap | null): Promise<void> {
    // A recorder whose tracks have all ended stops by itself; its "stop" is then already on its way.
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    await this.#stopped;
    await this.#sending;
    if (this.#startedAt === null) return;
    this.world.post({ kind: "end", local: this.plan.local, manifest: this.#manifest(this.#startedAt, ended, after) });
  }

  /** Bytes become a message in the order in which they came, however long each takes to read. */
  #take(data: Blob): void {
    if (data.size === 0) return;
    const recordedMs = Math.max(0, this.world.clock.mono() - this.#startedMono);
    this.#sending = this.#sending.then(async () => {
      const bytes = await data.arrayBuffer();
      this.#startedAt ??= this.#begin();
      this.world.post({ kind: "chunk", local: this.plan.local, bytes, recordedMs }, [bytes]);
    });
  }

  #begin(): number {
    const { local, track, contentType } = this.plan;
    const startedAt = this.world.clock.at(this.#startedMono);
    this.#source = this.plan.stream.getVideoTracks()[0]?.getSettings() ?? {};
    this.world.post({ kind: "begin", local, track, contentType, startedAt, manifest: this.#manifest(startedAt, "page_closed", null) });
    this.world.began(this.plan, startedAt, gapBetween(this.plan.former, startedAt));
    return startedAt;
  }

  #manifest(startedAt: number, ended: Manifest["ended"], after: Gap | null): Manifest {
    const { contentType, capture, former } = this.plan;
    return manifest({
      startedAt,
      clock: this.world.clock.offset(),
      contentType,
      capture,
      source: this.#source,
      before: gapBetween(former, startedAt),
      after,
      continues: this.#named(),
      ended,
    });
  }

  #named(): string | null {
    this.#continues ??= this.plan.former && this.world.recordingOf(this.plan.former.local);
    return this.#continues;
  }
}

function gapBetween(former: Former | null, startedAt: number): Gap | null {
  return former?.reason ? { reason: former.reason, fromAt: former.endedAt, toAt: startedAt } : null;
}

function recorderOptions({ contentType, capture, track }: TakePlan): RecorderOptions {
  return {
    mimeType: contentType,
    videoBitsPerSecond: capture.videoBitsPerSecond,
    ...(capture.audioBitsPerSecond === null ? {} : { audioBitsPerSecond: capture.audioBitsPerSecond }),
    ...(track === "screen" ? {} : { videoKeyFrameIntervalDuration: CAMERA_KEY_FRAMES_MS }),
  };
}
