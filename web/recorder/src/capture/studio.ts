/**
 * All tracks of a sitting, and what concerns them together: they begin at once, stay awake together, and hear of sleep,
 * devices and room. Knows neither spool nor network.
 */


import type { ServerClock } from "../sitting/clock.js";
import type { Report } from "../state.js";
import type { Former } from "../takes.js";
import type { GapReason, Sitting, TrackName } from "../types.js";
import type { ToWorker } from "../worker/protocol.js";
import { choose, contentTypes, engineOf, type Effort } from "./codec.js";
import { watchLife, type Lapse } from "./life.js";
import { reasonOfEnd, watchPermissions } from "./permission.js";
import { open, sourceOf, type TrackOptions } from "./sources.js";
import { TrackCapture, type TrackWorld } from "./track.js";
import { stayAwake } from "./wake.js";

/** What the studio needs from outside. */
export interface StudioWorld {
  readonly clock: ServerClock;
  readonly report: (report: Report) => void;
  readonly post: (message: ToWorker, transfer?: Transferable[]) => void;
  readonly recordingOf: (local: string) => string | null;
  /** The take of an earlier page that a track's first take continues. */
  readonly formerOf: (track: TrackName) => Former | null;
  /** Until when a track is durable, by the server's clock. */
  readonly durableUntil: (track: TrackName) => number;
  /** Something ran away with the clock: it should be measured anew. */
  readonly clockDoubted: () => void;
}

/** How the tracks are to be captured. */
export interface StudioOptions {
  readonly tracks: Readonly<Record<TrackName, TrackOptions>>;
  readonly effort: Effort;
}

/** The tracks of one sitting. */
export class Studio {
  readonly #tracks: readonly TrackCapture[];
  #watches: (() => void)[] = [];

  constructor(sitting: Sitting, options: StudioOptions, readonly world: StudioWorld) {
    const shared = trackWorld(world, options.effort);
    this.#tracks = sitting.tracks.map(({ track, capture }) => {
      const source = sourceOf(track, options.tracks[track] ?? {});
      return new TrackCapture(track, capture, source, shared, world.formerOf(track));
    });
  }

  /** The track of this name. @throws RangeError when the exam has none. */
  track(name: TrackName): TrackCapture {
    const found = this.#tracks.find(({ track }) => track === name);
    if (!found) throw new RangeError(`this exam records no ${name}`);
    return found;
  }

  /**
   * Opens what is not open yet and begins every track at once.
   * @throws {@link RecorderError} of the first source that cannot be opened; the others stay open for the next try.
   */
  async start(): Promise<void> {
    // A user gesture lasts a few seconds and only the screen needs it, so the screen is asked for first.
    const inOrder = [...this.#tracks].sort((one, other) => gestureFirst(one) - gestureFirst(other));
    for (const track of inOrder) await track.prepare();
    this.#watch();
    for (const track of this.#tracks) track.begin();
  }

  /** News of the spool's room. */
  room(room: "enough" | "low" | "full"): void {
    for (const track of this.#tracks) track.room(room, this.world.durableUntil(track.track));
  }

  /** There may be news for the manifests. */
  refresh(): void {
    for (const track of this.#tracks) track.refresh();
  }

  /** Ends every track. Resolves when the worker has every byte. */
  async stop(): Promise<void> {
    this.#unwatch();
    await Promise.all(this.#tracks.map((track) => track.stop()));
  }

  /** Lets go of every device at once. */
  abandon(): void {
    this.#unwatch();
    for (const track of this.#tracks) track.abandon();
  }

  #watch(): void {
    if (this.#watches.length > 0) return;
    const devicesChanged = (): void => this.#tracks.forEach((track) => track.devicesChanged());
    navigator.mediaDevices?.addEventListener("devicechange", devicesChanged);
    this.#watches = [
      stayAwake(navigator, document),
      watchLife(this.world.clock.clocks, document, (lapse) => this.#lapsed(lapse)),
      watchPermissions(navigator.permissions, () => this.#tracks.forEach((track) => track.revoked())),
      () => navigator.mediaDevices?.removeEventListener("devicechange", devicesChanged),
    ];
  }

  #unwatch(): void {
    for (const end of this.#watches.splice(0)) end();
  }

  #lapsed({ reason, fromMono, skippedMs }: Lapse): void {
    const at = this.world.clock.at(fromMono);
    this.world.clock.skip(skippedMs);
    this.#split(reason, at);
    this.world.clockDoubted();
  }

  #split(reason: GapReason, at: number): void {
    for (const track of this.#tracks) track.split(reason, at);
  }
}

function gestureFirst({ source }: TrackCapture): number {
  return source.from === "screen" ? 0 : 1;
}

function trackWorld(world: StudioWorld, effort: Effort): TrackWorld {
  const engine = engineOf(navigator.userAgent);
  const isSupported = (type: string): boolean => typeof MediaRecorder === "function" && MediaRecorder.isTypeSupported(type);
  return {
    clock: world.clock,
    report: world.report,
    post: world.post,
    recordingOf: world.recordingOf,
    open: (capture, source) => open(navigator.mediaDevices, capture, source),
    contentType: (withSound) => choose(contentTypes(engine, effort, withSound), isSupported),
    reasonOfEnd: (kind) => reasonOfEnd(navigator.permissions, kind),
    newId: () => crypto.randomUUID(),
  };
}
