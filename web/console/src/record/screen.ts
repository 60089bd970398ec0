/** Which screen a model is shown on. Pure. */

import type { Model } from "./model.js";
import type { RecorderState, TakeStatus } from "./recorder.js";

/** The screens of the page, in the order in which a candidate meets them. */
export type Screen =
  | "link_missing"
  | "link_expired"
  | "loading"
  | "refused"
  | "elsewhere"
  | "consent"
  | "check"
  | "ready"
  | "over"
  | "recording"
  | "finishing"
  | "finished";

/** Codes with which a server refuses a token whose time is over. */
const EXPIRED = new Set(["expired"]);
/** Codes with which a server refuses a token that it cannot read. */
const UNREADABLE = new Set(["unauthenticated"]);

/** Where a take has come to its end, good or bad. */
const ENDS = new Set<TakeStatus>(["sealed", "partial", "failed"]);

/** The screen for the model. */
export function screenOf(model: Model): Screen {
  const { recorder } = model;
  if (model.link === "missing") return "link_missing";
  if (!recorder || recorder.phase === "loading") return "loading";
  if (recorder.phase === "refused") return refusal(recorder);
  if (recorder.phase === "ready") return beforeRecording(model, recorder);
  return recorder.phase;
}

/** Where every take has come to its end there is something better to show than the refusal: which of them arrived. */
function refusal({ problem, takes }: RecorderState): Screen {
  const code = problem?.code ?? "";
  if (takes.length > 0 && takes.every(({ status }) => ENDS.has(status))) return "finished";
  if (EXPIRED.has(code)) return "link_expired";
  return UNREADABLE.has(code) ? "link_missing" : "refused";
}

/** Who comes back in the middle of the exam has agreed and checked before, and every second counts. */
function beforeRecording(model: Model, recorder: RecorderState): Screen {
  if (bellHasRung(model) || model.endedBy) return withoutRecording(recorder);
  const isBack = recorder.takes.length > 0;
  if (!model.agreed && !isBack) return "consent";
  return model.check === "again" || (model.check === "due" && !isBack) ? "check" : "ready";
}

/** Where nothing more is to be recorded, the candidate sees the rest being sent, or that it arrived. */
function withoutRecording({ takes }: RecorderState): Screen {
  if (takes.length === 0) return "over";
  return takes.every(({ status }) => ENDS.has(status)) ? "finished" : "finishing";
}

/** Whether the exam's time is over. */
export function bellHasRung({ recorder, now }: Model): boolean {
  const bell = recorder?.sitting?.bellAt ?? null;
  return bell !== null && now >= bell;
}

/** The four steps that the page names at its top. */
export const STEPS = ["consent", "check", "record", "done"] as const;

/** Which of the steps a screen belongs to; `null` outside of the way through. */
export function stepOf(screen: Screen): (typeof STEPS)[number] | null {
  switch (screen) {
    case "consent":
    case "check":
      return screen;
    case "ready":
    case "recording":
      return "record";
    case "finishing":
    case "finished":
      return "done";
    default:
      return null;
  }
}
