/**
 * The facade: one recorder for one sitting. Wires the page's capture, the worker and the one state; decides nothing that
 * the pure parts could decide.
 */

import { watchCall, type CallLine } from "./call/watch.js";
import type { Effort } from "./capture/codec.js";
import type { TrackOptions } from "./capture/sources.js";
import { Studio, type StudioOptions } from "./capture/studio.js";
import type { Former } from "./capture/take.js";
import { between, type RecorderEvents } from "./events.js";
import { rememberStop, wasStopped } from "./memory.js";
import { failure, problem, RecorderError } from "./problems.js";
import type { RehearsalOptions } from "./rehearsal/rehearse.js";
import type { RehearsalReport } from "./rehearsal/report.js";
import { ServerClock } from "./sitting/clock.js";
import { loadSitting, measureClock, untilLoaded } from "./sitting/load.js";
import type { Server } from "./sitting/sitting.js";
import { NOTHING, sealsOnly, show, step, type Facts, type Report } from "./state.js";
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
  #hurry: () => void = () => undefined;
  #isClosed = false;
  readonly #clock = new ServerClock({ mono: () => performance.now(), wall: () => Date.now() });
  readonly #listeners = new Set<(state: RecorderState) => void>();
  readonly #events = new EventTarget();
  readonly #line: CallLine = { bytesPerS: () => this.#facts.bytesPerS, limit: (maxBytesPerS) => this.#post({ kind: "yield", maxBytesPerS }) };
  readonly #calls = new Set<() => void>();

  /** As {@link createRecorder}. */
  constructor(readonly options: RecorderOptions) {
    this.#token = options.token;
    addEventListener("online", this.#onLine);
    addEventListener("offline", this.#onLine);
    this.#onLine();
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
    this.#listeners.add(listener);
    listener(this.#state);
    return () => this.#listeners.delete(listener);
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
    void this.#persist();
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
    this.#report({ kind: "trouble", problem: null });
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
    return this.#until(({ phase }) => phase === "finished" || phase === "refused");
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
    const end = watchCall(call, this.#line);
    this.#calls.add(end);
    return () => {
      this.#calls.delete(end);
      end();
    };
  }

  /** Goes on with a fresh token for the same sitting. */
  setToken(token: string): void {
    this.#token = token;
    const mustLoad = this.#facts.sitting === null && this.#facts.refusal !== null;
    this.#post({ kind: "token", token });
    this.#report({ kind: "token" });
    this.#hurry();
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
    return rehearse({ server: this.#server(), ...this.#captureOptions() }, options);
  }

  /** Lets go of everything, as closing the tab does: what is recorded stays in this browser for the next page. */
  close(): void {
    this.#isClosed = true;
    this.#hurry();
    for (const end of this.#calls) end();
    this.#studio?.abandon();
    this.#worker?.close();
    this.#worker = null;
    this.#listeners.clear();
    removeEventListener("online", this.#onLine);
    removeEventListener("offline", this.#onLine);
    removeEventListener("beforeunload", warn);
  }

  async #load(): Promise<void> {
    const sitting = await untilLoaded(() => loadSitting(this.#server(), this.#clock), {
      pause: (ms) => this.#pause(ms),
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
    void this.#isPersisted();
    void this.#registerServiceWorker();
  }

  #hire(sitting: Sitting): void {
    const failed = (): void => this.#report({ kind: "refused", problem: problem("worker_failed") });
    try {
      this.#worker = startWorker(this.options.workerUrl, { heard: (message) => this.#heard(message), failed });
    } catch {
      return failed();
    }
    this.#post({ kind: "hello", server: this.options.server, token: this.#token, sitting });
    this.#post({ kind: "online", online: navigator.onLine });
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
      formerOf: (track) => this.#formerOf(track),
      durableUntil: (track) => this.#durableUntil(track),
      clockDoubted: () => void this.#measureClock(),
    });
  }

  #captureOptions(): StudioOptions {
    return { tracks: this.options.tracks ?? {}, effort: this.options.effort ?? "normal" };
  }

  /** What an earlier page left of a track without having been stopped. */
  #formerOf(track: TrackName): Former | null {
    const last = this.#facts.takes.filter((take) => take.track === track).at(-1);
    if (!last || this.#facts.course === "stopped") return null;
    if (last.startedAt === null) return { local: last.local, reason: null, endedAt: 0 };
    return { local: last.local, reason: "page_closed", endedAt: last.startedAt + last.recordedMs };
  }

  #durableUntil(track: TrackName): number {
    const take = this.#facts.takes.findLast((one) => one.track === track && one.status === "recording");
    return take?.startedAt ? take.startedAt + take.recordedMs : this.#clock.now();
  }

  async #measureClock(): Promise<void> {
    const measured = await measureClock(this.#server(), this.#clock);
    if (measured) this.#clock.set(measured);
  }

  #server(): Server {
    return { url: this.options.server.replace(/\/+$/, ""), token: this.#token, fetch: (...call) => fetch(...call) };
  }

  #post(message: ToWorker, transfer?: Transferable[]): void {
    this.#worker?.post(message, transfer);
  }

  #report(report: Report): void {
    if (this.#isClosed) return;
    const before = this.#state;
    this.#facts = step(this.#facts, report);
    this.#state = show(this.#facts);
    if (this.#state.mayClose) removeEventListener("beforeunload", warn);
    else addEventListener("beforeunload", warn);
    for (const listener of this.#listeners) listener(this.#state);
    for (const event of between(before, this.#state)) this.#events.dispatchEvent(new CustomEvent(event.kind, { detail: event }));
  }

  /** The state shows what the call throws. */
  async #tell(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (error instanceof RecorderError) this.#report({ kind: "trouble", problem: error.problem });
      throw error;
    }
  }

  #until(isThere: (state: RecorderState) => boolean): Promise<RecorderState> {
    return new Promise((resolve) => {
      const look = (state: RecorderState): void => {
        if (!isThere(state)) return;
        this.#listeners.delete(look);
        resolve(state);
      };
      this.subscribe(look);
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #remember(stopped: boolean): void {
    const { sitting } = this.#facts;
    if (sitting) rememberStop(() => localStorage, sitting, stopped);
  }

  /** Asks the browser not to clear what is recorded when the disk gets full; Firefox asks the candidate in turn. */
  async #persist(): Promise<void> {
    const persisted = await navigator.storage?.persist?.().catch(() => false);
    this.#report({ kind: "persisted", persisted: persisted ?? false });
  }

  async #isPersisted(): Promise<void> {
    const persisted = await navigator.storage?.persisted?.().catch(() => false);
    this.#report({ kind: "persisted", persisted: persisted ?? false });
  }

  async #registerServiceWorker(): Promise<void> {
    const url = this.options.serviceWorkerUrl;
    if (url === undefined || !navigator.serviceWorker) return;
    // Where it is not to be had, the next page finishes what this one leaves.
    await navigator.serviceWorker.register(url, { type: "module" }).catch(() => null);
  }

  readonly #onLine = (): void => {
    const { onLine: online } = navigator;
    this.#report({ kind: "online", online });
    this.#post({ kind: "online", online });
    if (online) this.#hurry();
  };
}

/** The browser asks "leave this page?" in its own words; the text is not ours to choose. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
