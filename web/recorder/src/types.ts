/**
 * The words of the recorder: what it is asked for, what it shows, what it tells the server at the end. Types only.
 *
 * Times named `…At` are milliseconds since 1970 on the **server's** clock; times named `…Ms` are lengths in
 * milliseconds. Sizes are bytes, rates bytes per second unless a name says bits.
 */

/**
 * A track that an exam asks for: `webcam`, `screen`, or another slug that it declares.
 *
 * @example
 * ```ts
 * const track: TrackName = "webcam";
 * await recorder.prepare(track);
 * ```
 */
export type TrackName = string;

/**
 * How one track is captured, as the exam wants it; `GET /v1/sitting` gives it.
 *
 * @example
 * ```ts
 * const [webcam] = recorder.state.sitting?.tracks ?? [];
 * const capture: CaptureSettings | undefined = webcam?.capture;
 * console.log(capture?.audioBitsPerSecond === null ? "without sound" : "with sound");
 * ```
 */
export interface CaptureSettings {
  /** At most this many pixels wide. */
  readonly width: number;
  /** At most this many pixels high. */
  readonly height: number;
  /** At most this many frames in a second. */
  readonly frameRate: number;
  /** Bits of video in a second. */
  readonly videoBitsPerSecond: number;
  /** Bits of audio in a second; `null` records no sound. */
  readonly audioBitsPerSecond: number | null;
  /** Whether a shared surface must be a whole monitor. */
  readonly wholeMonitor: boolean;
}

/**
 * One candidate in one subject, as the server describes it to its candidate.
 *
 * @example
 * ```ts
 * const sitting: Sitting | null = recorder.state.sitting;
 * if (sitting?.bellAt) console.log("ends in", sitting.bellAt - recorder.serverNow(), "ms");
 * ```
 */
export interface Sitting {
  readonly exam: { readonly id: string; readonly title: string };
  readonly subject: { readonly id: string; readonly title: string | null };
  readonly candidate: string;
  /** The bell; `null` when the subject has no end. */
  readonly bellAt: number | null;
  /** Until when unfinished recordings wait for their candidate. */
  readonly salvageAt: number | null;
  /** After how many days from the bell recordings are gone, unless somebody holds them; `null` where the server cannot say. */
  readonly retentionDays: number | null;
  /** What the platform tells its candidates about the recording, by language. */
  readonly notice: Readonly<Record<string, string>>;
  /** What is recorded, in the order of the exam. */
  readonly tracks: readonly { readonly track: TrackName; readonly capture: CaptureSettings }[];
  /** What the server already has of this sitting, from whatever browser. */
  readonly recordings: readonly {
    readonly id: string;
    readonly track: TrackName;
    readonly take: number;
    readonly state: string;
    /** The receipt as a compact JWS. */
    readonly receipt: string | null;
  }[];
  /** After a crash: `next_take` records on, `seal` finishes what there is and records no more. */
  readonly afterCrash: "next_take" | "seal";
  /** The server's clock minus this machine's, and how wrong that may be. */
  readonly clock: ClockOffset;
}

/**
 * The server's clock seen from this machine.
 *
 * @example
 * ```ts
 * const clock: ClockOffset | undefined = recorder.state.sitting?.clock;
 * if (clock && Math.abs(clock.offsetMs) > 60_000) console.log("this computer's clock is wrong");
 * ```
 */
export interface ClockOffset {
  /** Server minus machine. */
  readonly offsetMs: number;
  /** Half of the round trip it was measured with. */
  readonly uncertaintyMs: number;
}

/**
 * Why a stretch of time is not on a recording.
 *
 * @example
 * ```ts
 * const said: Partial<Record<GapReason, string>> = { share_stopped: "You stopped sharing your screen." };
 * recorder.on("interrupted", ({ reason }) => console.log(said[reason] ?? reason));
 * ```
 */
export type GapReason =
  /** The candidate ended the screen share. */
  | "share_stopped"
  /** The camera or microphone went away. */
  | "device_unplugged"
  /** The browser's permission was taken back. */
  | "permission_revoked"
  /** The machine slept. */
  | "asleep"
  /** The browser froze the page. */
  | "frozen"
  /** The disk had no room for more. */
  | "spool_full"
  /** The page was closed, reloaded, or crashed. */
  | "page_closed"
  /** The browser's encoder failed. */
  | "encoder_failed";

/**
 * A stretch of time that is not on a recording.
 *
 * @example
 * ```ts
 * const gaps: Gap[] = recorder.state.takes.flatMap((take) => take.gaps);
 * console.log(gaps.map(({ reason, fromAt }) => `${reason} at ${new Date(fromAt).toISOString()}`));
 * ```
 */
export interface Gap {
  readonly reason: GapReason;
  /** When it began. */
  readonly fromAt: number;
  /** When it ended; `null` while it lasts. */
  readonly toAt: number | null;
}

/**
 * What went wrong, for people and for programs.
 *
 * @example
 * ```ts
 * recorder.on("problem", ({ problem }: { problem: Problem }) => console.log(problem.code, problem.detail));
 * ```
 */
export interface Problem {
  /** Stable: a code of the server's problem documents or of the recorder's own list. */
  readonly code: string;
  /** What happened and what to do, in English. */
  readonly detail: string;
}

/**
 * Where a recorder is.
 *
 * @example
 * ```ts
 * const words: Record<Phase, string> = {
 *   loading: "One moment", ready: "Ready", recording: "Recording", finishing: "Sending the rest",
 *   finished: "You may close this tab", elsewhere: "Open in another tab", refused: "This cannot go on",
 * };
 * recorder.subscribe(({ phase }) => console.log(words[phase]));
 * ```
 */
export type Phase =
  /** Asks the server for the sitting and looks for what earlier pages left. */
  | "loading"
  /** May start. */
  | "ready"
  /** Records. */
  | "recording"
  /** Stopped; the last parts are on their way. */
  | "finishing"
  /** Everything has its receipt. */
  | "finished"
  /** Another tab of this browser records this sitting. */
  | "elsewhere"
  /** Cannot go on; `problem` says why. */
  | "refused";

/**
 * Where one take is.
 *
 * @example
 * ```ts
 * const isSafe = (status: TakeStatus): boolean => status === "sealed" || status === "partial";
 * console.log(recorder.state.takes.every(({ status }) => isSafe(status)));
 * ```
 */
export type TakeStatus =
  /** Being recorded. */
  | "recording"
  /** Recorded to its end; parts are still on their way. */
  | "ended"
  /** Its receipt is here. */
  | "sealed"
  /** The server kept what had arrived, before the rest came. */
  | "partial"
  /** It cannot be finished; `problem` says why. */
  | "failed";

/**
 * One take of one track.
 *
 * @example
 * ```ts
 * const receipts = recorder.state.takes.map(({ track, take, receipt }: TakeState) => ({ track, take, receipt }));
 * console.log(receipts);
 * ```
 */
export interface TakeState {
  /** The take's id in this browser. */
  readonly local: string;
  readonly track: TrackName;
  /** Counted from 1 by the server; `null` until it has answered. */
  readonly take: number | null;
  /** The recording's id; `null` until the server has answered. */
  readonly recording: string | null;
  readonly status: TakeStatus;
  /** When its first frame was taken; `null` where only the server knows of it. */
  readonly startedAt: number | null;
  /** What is durable in this browser, in playing time. */
  readonly recordedMs: number;
  /** The same in bytes. */
  readonly recordedBytes: number;
  /** Bytes that the store has taken. */
  readonly storedBytes: number;
  /** Playing time that stands in this browser alone. */
  readonly atRiskMs: number;
  /** The gap before it, and the one that ended it while no other take follows. */
  readonly gaps: readonly Gap[];
  /** The receipt as a compact JWS. */
  readonly receipt: string | null;
  readonly problem: Problem | null;
}

/**
 * What one track of the exam is doing now.
 *
 * @example
 * ```ts
 * const interrupted = recorder.state.tracks.filter(({ canResume }: TrackState) => canResume);
 * for (const { track } of interrupted) startButton.onclick = () => recorder.resume(track);
 * ```
 */
export interface TrackState {
  readonly track: TrackName;
  /**
   * `waiting` before its source was chosen, `prepared` with it, `live` while it records, `interrupted` while its source is
   * gone, `over` at the end.
   */
  readonly status: "waiting" | "prepared" | "live" | "interrupted" | "over";
  /** Why it is interrupted. */
  readonly interruption: GapReason | null;
  /** Whether `resume(track)` can bring it back with one click. */
  readonly canResume: boolean;
  /** Whether it is recorded at less than the exam's quality, to save room. */
  readonly lowered: boolean;
}

/**
 * Everything there is to show; a new object whenever anything changed.
 *
 * @example
 * ```ts
 * recorder.subscribe((state: RecorderState) => {
 *   startButton.disabled = state.phase !== "ready";
 *   document.title = state.mayClose ? "You may close this tab" : "Please keep this tab open";
 * });
 * ```
 */
export interface RecorderState {
  readonly phase: Phase;
  readonly sitting: Sitting | null;
  readonly tracks: readonly TrackState[];
  /** Every take that this browser knows of this sitting, oldest first. */
  readonly takes: readonly TakeState[];
  readonly online: boolean;
  /** What holds uploads back now. */
  readonly heldBy: "nothing" | "server" | "call" | "offline";
  /** Room for more in this browser, and whether the browser promised not to clear it. */
  readonly storage: { readonly room: "enough" | "low" | "full"; readonly persisted: boolean };
  /** The longest stretch of any track that stands in this browser alone. */
  readonly atRiskMs: number;
  /** How long the rest will take on this line; `null` when nobody can say. */
  readonly remainingMs: number | null;
  /** Whether nothing is lost when the tab is closed now. */
  readonly mayClose: boolean;
  readonly problem: Problem | null;
}

/**
 * What is sent with the seal: how to read the recording.
 *
 * @example
 * ```ts
 * // As the server gives it to a reviewer's player with GET /v1/recordings/{id}.
 * const align = (manifest: Manifest): number => Date.parse(manifest.started_at);
 * console.log(align);
 * ```
 */
export interface Manifest {
  readonly version: 1;
  /** When the first frame was taken, by the server's clock. */
  readonly started_at: string;
  readonly clock: { readonly offset_ms: number; readonly uncertainty_ms: number };
  /**
   * Gaps in milliseconds from `started_at`: the one before the take ends at 0 and begins below; of the one that ended the
   * take, `to_ms` is absent.
   */
  readonly gaps: readonly { readonly reason: GapReason; readonly from_ms: number; readonly to_ms?: number }[];
  readonly capture: {
    readonly mime_type: string;
    readonly width?: number;
    readonly height?: number;
    readonly frame_rate?: number;
    readonly video_bits_per_second: number;
    readonly audio_bits_per_second?: number;
    readonly display_surface?: string;
  };
  /** The recording of which this is the next take. */
  readonly continues?: string;
  /** Why it ended. */
  readonly ended: "stopped" | "quality_lowered" | GapReason;
}
