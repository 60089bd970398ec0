/**
 * The one state of a recorder, folded from what the page and its worker report. Pure: `step` takes the reports in any
 * order, `show` derives what there is to see. Knows no browser, no clock, no network.
 *
 * Only facts are kept; phase, risk and `mayClose` are derived each time, so that no order of reports can make them
 * contradict each other.
 */

import type { Gap, GapReason, Phase, Problem, RecorderState, Sitting, TakeState, TrackName, TrackState } from "./types.js";
import { atRisk, durable, failed, freshTake, isFinal, merge, withoutOvertakenGaps, withServersTakes } from "./takes.js";
import type { FromWorker } from "./worker/protocol.js";

/** What is known of one track. */
interface TrackFacts {
  readonly prepared: boolean;
  readonly live: boolean;
  readonly interruption: GapReason | null;
  readonly canResume: boolean;
  readonly lowered: boolean;
}

/** Everything that is known. */
export interface Facts {
  readonly sitting: Sitting | null;
  readonly worker: "starting" | "ready" | "elsewhere";
  readonly course: "before" | "running" | "stopped";
  readonly tracks: Readonly<Record<TrackName, TrackFacts>>;
  readonly takes: readonly TakeState[];
  readonly online: boolean;
  readonly heldBy: RecorderState["heldBy"];
  readonly room: RecorderState["storage"]["room"];
  readonly persisted: boolean;
  readonly bytesPerS: number | null;
  readonly remainingMs: number | null;
  /** Ends everything. */
  readonly refusal: Problem | null;
  /** Passes when it is solved. */
  readonly trouble: Problem | null;
}

/** What the page reports; what the worker reports are its messages as they are. */
export type Report =
  | FromWorker
  | { readonly kind: "sitting"; readonly sitting: Sitting }
  | { readonly kind: "prepared"; readonly track: TrackName; readonly prepared: boolean }
  | { readonly kind: "started" }
  /** A track is being recorded. */
  | { readonly kind: "live"; readonly track: TrackName; readonly lowered: boolean }
  /** The first bytes of a take are here. */
  | {
      readonly kind: "began";
      readonly local: string;
      readonly track: TrackName;
      readonly startedAt: number;
      /** The gap between the take before and this one. */
      readonly gap: Gap | null;
    }
  | {
      readonly kind: "interrupted";
      readonly track: TrackName;
      /** The take that ended with it; `null` where none was being recorded. */
      readonly local: string | null;
      readonly gap: Gap;
      readonly canResume: boolean;
    }
  /** The last bytes of a take have gone to the worker. */
  | { readonly kind: "ended"; readonly local: string }
  | { readonly kind: "stopped" }
  | { readonly kind: "online"; readonly online: boolean }
  | { readonly kind: "persisted"; readonly persisted: boolean }
  | { readonly kind: "trouble"; readonly problem: Problem | null }
  /** A fresh token may solve what an old one caused. */
  | { readonly kind: "token" };

/** What is known before anything was reported. */
export const NOTHING: Facts = {
  sitting: null,
  worker: "starting",
  course: "before",
  tracks: {},
  takes: [],
  online: true,
  heldBy: "nothing",
  room: "enough",
  persisted: false,
  bytesPerS: null,
  remainingMs: null,
  refusal: null,
  trouble: null,
};

const UNTOUCHED: TrackFacts = { prepared: false, live: false, interruption: null, canResume: false, lowered: false };

/** Problems that a fresh token solves, by the server's codes. */
const OF_TOKENS: ReadonlySet<string> = new Set(["expired", "unauthenticated"]);

/** The facts with one more report. */
export function step(facts: Facts, report: Report): Facts {
  switch (report.kind) {
    case "sitting":
      return completed({ ...facts, sitting: report.sitting });
    case "ready":
      return completed({ ...facts, worker: "ready", takes: merge(facts.takes, report.takes) });
    case "elsewhere":
      return { ...facts, worker: "elsewhere" };
    case "prepared":
      return withTrack(facts, report.track, { prepared: report.prepared });
    case "started":
      return { ...facts, course: "running" };
    case "live":
      return withTrack(facts, report.track, { prepared: true, live: true, interruption: null, lowered: report.lowered });
    case "began":
      return began(facts, report);
    case "interrupted":
      return interrupted(facts, report);
    case "ended":
      return withTake(facts, report.local, (take) => (take.status === "recording" ? { ...take, status: "ended" } : take));
    case "stopped":
      return { ...facts, course: "stopped" };
    case "durable":
      return withTake(facts, report.local, (take) => durable(take, report.recordedMs, report.recordedBytes));
    case "uploads":
      return completed({
        ...facts,
        takes: merge(facts.takes, report.takes),
        heldBy: report.heldBy,
        bytesPerS: report.bytesPerS,
        remainingMs: report.remainingMs,
      });
    case "room":
      return { ...facts, room: report.room };
    case "online":
      return { ...facts, online: report.online };
    case "persisted":
      return { ...facts, persisted: report.persisted };
    case "trouble":
      return { ...facts, trouble: report.problem };
    case "refused":
      return { ...facts, refusal: report.problem };
    case "token":
      return { ...facts, refusal: unlessOfTokens(facts.refusal), trouble: unlessOfTokens(facts.trouble) };
  }
}

/** What there is to show. */
export function show(facts: Facts): RecorderState {
  const phase = phaseOf(facts);
  const over = phase === "finishing" || phase === "finished" || facts.course === "stopped";
  return {
    phase,
    sitting: facts.sitting,
    tracks: (facts.sitting?.tracks ?? []).map(({ track }) => showTrack(track, facts.tracks[track] ?? UNTOUCHED, over)),
    takes: facts.takes,
    online: facts.online,
    heldBy: facts.online ? facts.heldBy : "offline",
    storage: { room: facts.room, persisted: facts.persisted },
    atRiskMs: atRisk(facts.takes),
    remainingMs: facts.takes.every(isFinal) ? 0 : facts.remainingMs,
    mayClose: facts.course !== "running" && facts.takes.every(isFinal),
    problem: facts.refusal ?? facts.trouble ?? failed(facts.takes)?.problem ?? null,
  };
}

function phaseOf(facts: Facts): Phase {
  if (facts.refusal) return "refused";
  if (facts.worker === "elsewhere") return "elsewhere";
  if (!facts.sitting || facts.worker === "starting") return "loading";
  if (facts.course === "running") return "recording";
  if (facts.course === "before" && !sealsOnly(facts)) return "ready";
  if (!facts.takes.every(isFinal)) return "finishing";
  return failed(facts.takes) ? "refused" : "finished";
}

/** Whether the exam wants what an earlier page left to be finished, and nothing more recorded. */
export function sealsOnly({ sitting, takes }: Facts): boolean {
  return sitting?.afterCrash === "seal" && takes.length > 0;
}

function showTrack(track: TrackName, facts: TrackFacts, over: boolean): TrackState {
  const { interruption, canResume, lowered } = facts;
  if (over) return { track, status: "over", interruption: null, canResume: false, lowered };
  if (interruption) return { track, status: "interrupted", interruption, canResume, lowered };
  const status = facts.live ? "live" : facts.prepared ? "prepared" : "waiting";
  return { track, status, interruption: null, canResume: false, lowered };
}

function began(facts: Facts, { track, local, startedAt, gap }: Extract<Report, { kind: "began" }>): Facts {
  const isKnown = facts.takes.some((take) => take.local === local);
  if (isKnown) return withTake(facts, local, (take) => ({ ...take, startedAt }));
  return { ...facts, takes: withoutOvertakenGaps([...facts.takes, freshTake(local, track, startedAt, gap)]) };
}

function interrupted(facts: Facts, report: Extract<Report, { kind: "interrupted" }>): Facts {
  const { track, local, gap, canResume } = report;
  const takes = facts.takes.map((take) => (take.local === local ? { ...take, gaps: [...take.gaps, gap] } : take));
  return withTrack({ ...facts, takes: withoutOvertakenGaps(takes) }, track, { prepared: false, live: false, interruption: gap.reason, canResume });
}

/** What the server has sealed is shown as soon as the worker has said what this browser still knows. */
function completed(facts: Facts): Facts {
  if (!facts.sitting || facts.worker !== "ready") return facts;
  return { ...facts, takes: withServersTakes(facts.takes, facts.sitting.recordings) };
}

function withTrack(facts: Facts, track: TrackName, change: Partial<TrackFacts>): Facts {
  return { ...facts, tracks: { ...facts.tracks, [track]: { ...(facts.tracks[track] ?? UNTOUCHED), ...change } } };
}

function withTake(facts: Facts, local: string, change: (take: TakeState) => TakeState): Facts {
  return { ...facts, takes: facts.takes.map((take) => (take.local === local ? change(take) : take)) };
}

function unlessOfTokens(problem: Problem | null): Problem | null {
  return problem && OF_TOKENS.has(problem.code) ? null : problem;
}
