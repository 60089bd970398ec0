/**
 * The facade: one recorder for one sitting. Wires the page's capture, the worker and the one state; decides nothing that
 * the pure parts could decide.
 */

import { watchCall } from "./call/watch.js";
import type { Effort } from "./capture/codec.js";
import type { TrackOptions } from "./capture/sources.js";
import { Studio, type StudioOptions } from "./capture/studio.js";
import { between, type RecorderEvents } from "./events.js";
import { rememberStop, wasStopped } from "./memory.js";
import { Audience, isPersisted, LeaveGuard, Pause, reaches, watchOnline } from "./page.js";
import { failure, problem, RecorderError } from "./problems.js";
import type { RehearsalOptions } from "./rehearsal/rehearse.js";
import type { RehearsalReport } from "./rehearsal/report.js";
import { ServerClock } from "./sitting/clock.js";
import { loadSitting, measureClock, untilLoaded } from "./sitting/load.js";
import type { Server } from "./sitting/sitting.js";
import { registerFinisher, type Finisher } from "./service-worker/register.js";
import { NOTHING, sealsOnly, show, step, type Facts, type Report } from "./state.js";
import { durableUntil, leftOf } from "./takes.js";
import type { RecorderState, Sitting, TrackName } from "./types.js";
import { startWorker, type WorkerPort } from "./worker-port.js";
import type { FromWorker, ToWorker } from "./worker/protocol.js";

/**
 * What a recorder is made of.
 *
 * @example
 * ```ts
 * const options: RecorderOptions = { server, token, effort: "light", serviceWorkerUrl: "/handin-service-worker.js" };
 * const light = createRecorder(options);
 * ```
 */
export interface RecorderOptions {
  /** Where handin's API is, as `https://handin.example`. */
  readonly server: string;
  /** The candidate's token, as your backend was given it by `POST /v1/exams/{exam}/tokens`. */
  readonly token: string;
  /** Where single tracks come from, by name; a track that is not named here comes from where the exam's name suggests. */
  readonly tracks?: Readonly<Record<TrackName, TrackOptions>>;
  /** `light` spends less work on the encoder, and some of the picture. */
  readonly effort?: Effort;
  /** The worker's script on your own origin; needed only where your bundler does not find it. */
  readonly workerUrl?: string | URL;
  /** The service worker's script on your own origin; without it nothing is sent once the tab is closed. */
  readonly serviceWorkerUrl?: string | URL;
}

/**
 * A recorder for the sitting that a token names. It begins to load at once, and to finish what an earlier page left.
 *
 * @example
 * ```ts
 * const recorder = createRecorder({ server: "https://handin.example", token });
 * recorder.subscribe(({ phase, mayClose }) => console.log(phase, mayClose));
 * startButton.onclick = () => recorder.start();
 * ```
 */
export function createRecorder(options: RecorderOptions): Recorder {
  return new Recorder(options);
}

/**
 * Records one sitting: every track of it, durably, uploading while it records.
 *
 * @example
 * ```ts
 * const recorder = createRecorder({ server, token });
 * recorder.on("interrupted", ({ track, canResume }) => {
 *   if (canResume) startButton.onclick = () => recorder.resume(track);
 * });
 * stopButton.onclick = async () => {
 *   const { takes } = await recorder.stop();
 *   console.log(takes.map(({ receipt }) => receipt));
 * };
 * ```
 */
export class Recorder {
  #facts: Facts = NOTHING;
  #state: RecorderState = show(NOTHING);
  #token: string;
  #worker: WorkerPort | null = null;
  #studio: Studio | null = null;
  #finisher: Finisher | null = null;
  #isClosed = false;
  readonly #server: string;
  readonly #clock = new ServerClock({ mono: () => performance.now(), wall: () => Date.now() });
  readonly #audience = new Audience();
  readonly #events = new EventTarget();
  readonly #guard = new LeaveGuard();
  readonly #pause = new Pause();
  /** What has to end with the recorder: calls that it yields to, listeners of the page. */
  readonly #ends = new Set<() => void>();

  /** As {@link createRecorder}. */
  constructor(readonly options: RecorderOptions) {
    this.#token = options.token;
    this.#server = options.server.replace(/\/+$/, "");
    this.#ends.add(watchOnline((online) => this.#lineChanged(online), () => reaches(`${this.#server}/healthz`)));
    addEventListener("pagehide", this.#leaves);
    this.#ends.add(() => removeEventListener("pagehide", this.#leaves));
    void this.#load();
  }

  /** Everything there is to show, as of now. */
  get state(): RecorderState {
    return this.#state;
  }

  /**
   * Calls `listener` with the state now and after every change; returns what ends that. (As Svelte's stores do.)
   *
   * @example
   * ```ts
   * const unsubscribe = recorder.subscribe((state) => console.log(state.phase, state.atRiskMs));
   * ```
   */
  subscribe(listener: (state: RecorderState) => void): () => void {
    return this.#audience.add(listener, this.#state);
  }

  /**
   * Calls `listener` whenever this happens; returns what ends that.
   *
   * @example
   * ```ts
   * recorder.on("sealed", ({ take }) => console.log(take.track, take.receipt));
   * ```
   */
  on<Name extends keyof RecorderEvents>(name: Name, listener: (event: RecorderEvents[Name]) => void): () => void {
    const heard = (event: Event): void => listener((event as CustomEvent<RecorderEvents[Name]>).detail);
    this.#events.addEventListener(name, heard);
    return () => this.#events.removeEventListener(name, heard);
  }

  /** What a track captures, for a preview; `null` while its source is closed. */
  stream(track: TrackName): MediaStream | null {
    return this.#studio?.track(track).stream ?? null;
  }

  /** The server's time now, in milliseconds since 1970: what a countdown to the bell goes by. */
  serverNow(): number {
    return this.#clock.now();
  }

  /**
   * Asks for one track's source before the start, so that it can be looked at; a screen must be asked for in a user
   * gesture.
   * @throws {@link RecorderError} that says what the candidate can do.
   */
  async prepare(track: TrackName): Promise<void> {
    await this.#tell(this.#mayStart().track(track).prepare());
  }

  /**
   * Asks for every source that is not open yet, then records all tracks at once. Must be called in a user gesture.
   * @throws {@link RecorderError} that says what the candidate can do; calling it again asks only for what is missing.
   */
  async start(): Promise<void> {
    const studio = this.#mayStart();
    void this.#seePersistence(true);
    await this.#tell(studio.start());
    this.#remember(false);
    this.#report({ kind: "started" });
  }

  /**
   * Brings an interrupted track back as its next take. A screen must be asked for in a user gesture.
   * @throws {@link RecorderError} that says what the candidate can do.
   */
  async resume(track: TrackName): Promise<void> {
    if (this.#facts.course !== "running" || !this.#studio) throw failure("not_now");
    await this.#tell(this.#studio.track(track).resume());
  }

  /**
   * Ends the recording and resolves when every take has its receipt, or when one can have none. On a slow line that takes
   * a while: the state says how long, and the candidate may also come back later.
   */
  async stop(): Promise<RecorderState> {
    if (this.#facts.course === "running") {
      this.#remember(true);
      await this.#studio?.stop();
      this.#studio = null;
      // Only now does the state know of every take, so that it cannot say "finished" too early.
      this.#report({ kind: "stopped" });
    }
    return this.#audience.until(({ phase }) => phase === "finished" || phase === "refused", this.#state);
  }

  /**
   * Lets a live call go first: uploads slow down or pause while it suffers. Returns what ends that; it also ends with the
   * call.
   *
   * @example
   * ```ts
   * const call = new RTCPeerConnection();
   * const sprint = recorder.yieldTo(call);
   * ```
   */
  yieldTo(call: RTCPeerConnection): () => void {
    const end = watchCall(call, {
      bytesPerS: () => this.#facts.bytesPerS,
      limit: (maxBytesPerS) => this.#post({ kind: "yield", maxBytesPerS }),
    });
    this.#ends.add(end);
    return () => {
      this.#ends.delete(end);
      end();
    };
  }

  /** Goes on with a fresh token for the same sitting. */
  setToken(token: string): void {
    this.#token = token;
    const mustLoad = this.#facts.sitting === null && this.#facts.refusal !== null;
    this.#post({ kind: "token", token });
    this.#report({ kind: "token" });
    this.#pause.hurry();
    if (mustLoad) void this.#load();
  }

  /**
   * Tries everything before exam day: devices, encoder, room, the way to the store and back. Call it in a user gesture,
   * as it asks for camera, microphone and screen. Resolves with a verdict in plain words; it keeps nothing.
   *
   * @example
   * ```ts
   * const { verdict, text } = await recorder.rehearse({ onCheck: ({ name, outcome }) => console.log(name, outcome) });
   * console.log(verdict, text.en);
   * ```
   */
  async rehearse(options: RehearsalOptions = {}): Promise<RehearsalReport> {
    const { rehearse } = await import("./rehearsal/rehearse.js");
    return rehearse({ server: this.#api(), ...this.#captureOptions() }, options);
  }

  /** Lets go of everything, as closing the tab does: what is recorded stays in this browser for the next page. */
  close(): void {
    this.#isClosed = true;
    this.#pause.hurry();
    for (const end of this.#ends) end();
    this.#studio?.abandon();
    this.#worker?.close();
    this.#worker = null;
    this.#audience.clear();
    this.#guard.set(false);
  }

  async #load(): Promise<void> {
    const sitting = await untilLoaded(() => loadSitting(this.#api(), this.#clock), {
      pause: (ms) => this.#pause.wait(ms),
      failed: (trouble, passing) => {
        this.#report(passing ? { kind: "trouble", problem: trouble } : { kind: "refused", problem: trouble });
        return passing && !this.#isClosed;
      },
    });
    if (!sitting || this.#isClosed) return;
    this.#report({ kind: "trouble", problem: null });
    this.#report({ kind: "sitting", sitting });
    if (wasStopped(() => localStorage, sitting)) this.#report({ kind: "stopped" });
    this.#hire(sitting);
    void this.#seePersistence(false);
    const { serviceWorkerUrl } = this.options;
    if (serviceWorkerUrl !== undefined) this.#finisher = await registerFinisher(serviceWorkerUrl);
  }

  #hire(sitting: Sitting): void {
    // A script that does not load ends everything; one error in a worker at work need not, and reloading loses nothing.
    const failed = (): void => {
      const kind = this.#facts.worker === "starting" ? "refused" : "trouble";
      this.#report({ kind, problem: problem("worker_failed") });
    };
    try {
      this.#worker = startWorker(this.options.workerUrl, { heard: (message) => this.#heard(message), failed });
    } catch {
      return failed();
    }
    this.#post({ kind: "hello", server: this.#server, token: this.#token, sitting });
    this.#post({ kind: "online", online: this.#state.online });
  }

  #heard(message: FromWorker): void {
    this.#report(message);
    if (message.kind === "room") this.#studio?.room(message.room);
    if (message.kind === "uploads") this.#studio?.refresh();
    // Nothing more can be kept: going on to record would only look as if.
    if (message.kind === "refused" || message.kind === "elsewhere") this.#studio?.abandon();
  }

  /** The studio, if recording may begin now. */
  #mayStart(): Studio {
    const { sitting, worker, refusal, course } = this.#facts;
    if (!sitting || worker !== "ready" || refusal || course === "running" || sealsOnly(this.#facts)) throw failure("not_now");
    this.#studio ??= this.#newStudio(sitting);
    return this.#studio;
  }

  #newStudio(sitting: Sitting): Studio {
    return new Studio(sitting, this.#captureOptions(), {
      clock: this.#clock,
      report: (report) => this.#report(report),
      post: (message, transfer) => this.#post(message, transfer),
      recordingOf: (local) => this.#facts.takes.find((take) => take.local === local)?.recording ?? null,
      formerOf: (track) => (this.#facts.course === "stopped" ? null : leftOf(this.#facts.takes, track)),
      durableUntil: (track) => durableUntil(this.#facts.takes, track) ?? this.#clock.now(),
      clockDoubted: () => void this.#measureClock(),
    });
  }

  #captureOptions(): StudioOptions {
    return { tracks: this.options.tracks ?? {}, effort: this.options.effort ?? "normal" };
  }

  async #measureClock(): Promise<void> {
    const measured = await measureClock(this.#api(), this.#clock);
    if (measured) this.#clock.set(measured);
  }

  #api(): Server {
    return { url: this.#server, token: this.#token, fetch: (...call) => fetch(...call) };
  }

  #post(message: ToWorker, transfer?: Transferable[]): void {
    this.#worker?.post(message, transfer);
  }

  #report(report: Report): void {
    if (this.#isClosed) return;
    const before = this.#state;
    this.#facts = step(this.#facts, report);
    this.#state = show(this.#facts);
    this.#guard.set(!this.#state.mayClose);
    this.#audience.tell(this.#state);
    for (const event of between(before, this.#state)) this.#events.dispatchEvent(new CustomEvent(event.kind, { detail: event }));
  }

  /** The state shows what the call throws, and no longer what an earlier one threw. */
  async #tell(work: Promise<void>): Promise<void> {
    this.#report({ kind: "trouble", problem: null });
    try {
      await work;
    } catch (error) {
      if (error instanceof RecorderError) this.#report({ kind: "trouble", problem: error.problem });
      throw error;
    }
  }

  #remember(stopped: boolean): void {
    const { sitting } = this.#facts;
    if (sitting) rememberStop(() => localStorage, sitting, stopped);
  }

  async #seePersistence(ask: boolean): Promise<void> {
    this.#report({ kind: "persisted", persisted: await isPersisted(ask) });
  }

  #lineChanged(online: boolean): void {
    this.#report({ kind: "online", online });
    this.#post({ kind: "online", online });
    if (online) this.#pause.hurry();
  }

  readonly #leaves = (): void => {
    const { sitting } = this.#facts;
    if (sitting && !this.#state.mayClose) this.#finisher?.finishLater({ server: this.#server, token: this.#token, sitting });
  };
}
