/** What a rehearsal finds, and the verdict that follows from it. Pure. */

import { TEXTS, VERDICTS } from "./texts.js";

/**
 * What is tried, in this order.
 *
 * @example
 * ```ts
 * const order: CheckName[] = ["camera", "microphone", "screen", "encoder", "room", "persistence", "server", "clock", "store", "uplink"];
 * console.log(order);
 * ```
 */
export type CheckName = "server" | "clock" | "store" | "uplink" | "room" | "persistence" | "camera" | "microphone" | "screen" | "encoder";

/**
 * What came out of a check; stable.
 *
 * @example
 * ```ts
 * const { checks } = await recorder.rehearse();
 * const blocked: CheckCode[] = ["store_blocked", "proxy_answers", "proxy_fakes_success"];
 * if (checks.some(({ code }) => blocked.includes(code))) console.log("Please try another network.");
 * ```
 */
export type CheckCode = keyof typeof TEXTS;

/**
 * A sentence in every language that the recorder speaks.
 *
 * @example
 * ```ts
 * const { text } = await recorder.rehearse();
 * const inMyLanguage = (one: Text): string => (navigator.language.startsWith("ko") ? one.ko : one.en);
 * console.log(inMyLanguage(text));
 * ```
 */
export interface Text {
  readonly en: string;
  readonly ko: string;
}

/**
 * One thing that was tried.
 *
 * @example
 * ```ts
 * await recorder.rehearse({ onCheck: (check: Check) => console.log(check.outcome, check.name, check.text.en) });
 * ```
 */
export interface Check {
  readonly name: CheckName;
  /** `bad` would spoil the recording, `warning` may. */
  readonly outcome: "good" | "warning" | "bad";
  readonly code: CheckCode;
  /** What was found and what to do. */
  readonly text: Text;
}

/**
 * What a rehearsal found.
 *
 * @example
 * ```ts
 * const report: RehearsalReport = await recorder.rehearse();
 * if (report.verdict === "not_ready") console.log(report.checks.filter(({ outcome }) => outcome === "bad"));
 * ```
 */
export interface RehearsalReport {
  readonly verdict: "ready" | "warning" | "not_ready";
  /** The verdict in plain words. */
  readonly text: Text;
  readonly checks: readonly Check[];
  /** The line to the store as measured; `null` when nothing arrived there. */
  readonly uplinkBytesPerS: number | null;
  /** What recording all tracks needs, in bytes per second; `null` when the sitting could not be read. */
  readonly neededBytesPerS: number | null;
  /** How long after the end the last receipt would come, in milliseconds; `null` when nobody can say. */
  readonly finishMs: number | null;
}

/** A check with the outcome and the text that belong to its code. */
export function check(name: CheckName, code: CheckCode): Check {
  const { outcome, en, ko } = TEXTS[code];
  return { name, outcome, code, text: { en, ko } };
}

/** What was measured beside the checks. */
export type Measured = Pick<RehearsalReport, "uplinkBytesPerS" | "neededBytesPerS" | "finishMs">;

/** The report: as bad as its worst check. */
export function report(checks: readonly Check[], measured: Measured): RehearsalReport {
  const has = (outcome: Check["outcome"]): boolean => checks.some((one) => one.outcome === outcome);
  const verdict = has("bad") ? "not_ready" : has("warning") ? "warning" : "ready";
  return { verdict, text: VERDICTS[verdict], checks, ...measured };
}
