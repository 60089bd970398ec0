/**
 * Joins the recorder and the page: keeps the one model, turns clicks into calls, and rings the bell. It decides nothing
 * that `screen.ts` or the recorder could decide, and draws nothing.
 */

import { type Done, isDone, type Keep, remember } from "./memory.js";
import { type Actions, type Model, NEW, type Rehearsal } from "./model.js";
import type { Check, Recorder, RecorderState, TrackName } from "./recorder.js";
import { bellHasRung, screenOf } from "./screen.js";

/** What a session needs of the recorder. */
export type Port = Pick<
  Recorder,
  "subscribe" | "serverNow" | "stream" | "prepare" | "start" | "stop" | "resume" | "rehearse"
>;

/** What a session needs of the browser. */
export interface Surroundings {
  /** This tab's memory. */
  readonly keep: Keep;
  /** Whether the camera may be opened without asking the candidate. */
  readonly cameraGranted: () => Promise<boolean>;
  readonly reload: () => void;
}

/** One candidate at one page. */
export class Session {
  /** What the page shows; a new object whenever anything changed. */
  model = $state.raw<Model>(NEW);
  /** What the page can ask for. */
  readonly actions: Actions;
  readonly #recorder: Port;
  readonly #around: Surroundings;
  #previewing = false;

  constructor(recorder: Port, around: Surroundings) {
    this.#recorder = recorder;
    this.#around = around;
    this.actions = {
      agree: () => this.#did("agreed", { agreed: true }),
      goOn: () => this.#did("checked", { check: "passed" }),
      checkAgain: () => this.#change({ check: "again", rehearsal: { step: "untried" } }),
      rehearse: () => void this.#rehearse(),
      start: () => void this.#ask(() => recorder.start()),
      resume: (track: TrackName) => void this.#ask(() => recorder.resume(track)),
      stop: () => this.#stop("candidate"),
      reload: around.reload,
    };
    recorder.subscribe((state) => this.#heard(state));
  }

  /** To be called about once a second: moves the countdown, and at the bell ends the recording. */
  tick(): void {
    this.#change({ now: this.#recorder.serverNow() });
    if (this.model.recorder?.phase === "recording" && bellHasRung(this.model)) this.#stop("bell");
  }

  #heard(recorder: RecorderState): void {
    const before = this.model;
    this.#change({ recorder, now: this.#recorder.serverNow() });
    const first = before.recorder?.sitting == null && recorder.sitting !== null;
    if (first) this.#recall(recorder);
    if (recorder.phase === "ready" && before.recorder?.phase !== "ready") {
      this.#change({ found: recorder.takes.map(({ local }) => local) });
    }
    this.#change({ preview: this.#recorder.stream("webcam") });
    void this.#preview();
  }

  #recall({ sitting }: RecorderState): void {
    if (!sitting) return;
    const { keep } = this.#around;
    const check = isDone(keep, "checked", sitting) ? "passed" : "due";
    this.#change({ agreed: isDone(keep, "agreed", sitting), check });
  }

  #did(done: Done, change: Partial<Model>): void {
    const sitting = this.model.recorder?.sitting;
    if (sitting) remember(this.#around.keep, done, sitting);
    this.#change(change);
    void this.#preview();
  }

  /** Before the start the candidates see themselves, where that needs no question. */
  async #preview(): Promise<void> {
    if (this.#previewing || screenOf(this.model) !== "ready" || this.model.preview) return;
    if (!this.model.recorder?.sitting?.tracks.some(({ track }) => track === "webcam")) return;
    this.#previewing = true;
    if (await this.#around.cameraGranted()) await this.#recorder.prepare("webcam").catch(shown);
    this.#change({ preview: this.#recorder.stream("webcam") });
  }

  async #rehearse(): Promise<void> {
    const show = (rehearsal: Rehearsal) => this.#change({ rehearsal });
    let checks: readonly Check[] = [];
    const onCheck = (check: Check) => {
      checks = [...checks, check];
      show({ step: "running", checks });
    };
    show({ step: "running", checks });
    show({ step: "done", report: await this.#recorder.rehearse({ onCheck }) });
  }

  async #ask(question: () => Promise<void>): Promise<void> {
    if (this.model.asking) return;
    this.#change({ asking: true });
    await question().catch(shown).finally(() => this.#change({ asking: false }));
  }

  #stop(endedBy: "candidate" | "bell"): void {
    if (this.model.endedBy) return;
    this.#change({ endedBy });
    if (this.model.recorder?.phase === "recording") void this.#recorder.stop();
  }

  #change(change: Partial<Model>): void {
    this.model = { ...this.model, ...change };
  }
}

/** The recorder's own errors stand in its state already; anything else is a defect and must be heard of. */
function shown(error: unknown): void {
  if (!(error instanceof Error) || error.name !== "RecorderError") throw error;
}
