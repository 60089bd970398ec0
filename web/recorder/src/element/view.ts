/** What the element shows of a state, in words: no DOM, no clock. Pure. */

import type { Problem, RecorderState, TakeState, TrackName, TrackState } from "../types.js";
import type { Texts } from "./texts.js";

/** Everything that is shown. */
export interface View {
  readonly headline: string;
  /** Whole sentences below it. */
  readonly lines: readonly string[];
  readonly alert: string | null;
  readonly tracks: readonly { readonly track: TrackName; readonly text: string; readonly resume: string | null }[];
  readonly receipts: readonly { readonly label: string; readonly fileName: string; readonly receipt: string }[];
  readonly canStart: boolean;
  readonly canStop: boolean;
  readonly canRehearse: boolean;
}

/** The view of a state in these texts; `language` chooses the platform's own notice. */
export function view(state: RecorderState, texts: Texts, language: string): View {
  const { phase } = state;
  return {
    headline: texts.phase[phase],
    lines: linesOf(state, texts, language),
    alert: state.problem ? alertOf(state.problem, texts) : null,
    tracks: state.tracks.map((track) => trackOf(track, texts)),
    receipts: state.takes.flatMap((take) => receiptOf(take, texts)),
    canStart: phase === "ready",
    canStop: phase === "recording",
    canRehearse: phase === "ready",
  };
}

function linesOf(state: RecorderState, texts: Texts, language: string): readonly string[] {
  const { phase, sitting, online, atRiskMs, remainingMs, mayClose, tracks } = state;
  const lines: string[] = [];
  if (phase === "ready") {
    lines.push(texts.records(tracks.map(({ track }) => nameOf(track, texts))));
    const notice = sitting?.notice[language.slice(0, 2).toLowerCase()] ?? sitting?.notice["en"];
    if (notice) lines.push(notice);
  }
  if (!online) lines.push(texts.offline);
  // Seconds that come and go while parts are filled are no news; half a minute is.
  if (phase === "recording" && atRiskMs >= 30_000) lines.push(texts.atRisk(Math.round(atRiskMs / 10_000) * 10));
  if (phase === "finishing" && online) lines.push(remainingMs === null ? texts.sending : texts.remaining(Math.max(1, Math.ceil(remainingMs / 60_000))));
  if (phase === "finished" && mayClose) lines.push(texts.mayClose);
  return lines;
}

function alertOf({ code, detail }: Problem, texts: Texts): string {
  const known: Readonly<Record<string, string>> = texts.problems;
  return known[code] ?? detail;
}

function trackOf({ track, status, interruption, canResume, lowered }: TrackState, texts: Texts): View["tracks"][number] {
  const name = nameOf(track, texts);
  const text = [`${name}: ${texts.status[status]}${lowered && status === "live" ? ` (${texts.lowered})` : ""}`];
  if (interruption) text.push(texts.reason[interruption]);
  return { track, text: text.join(". ").replace(/\.\.$/, "."), resume: canResume ? texts.resume(name) : null };
}

function receiptOf({ track, take, receipt, recording }: TakeState, texts: Texts): View["receipts"] {
  if (receipt === null) return [];
  return [{ label: texts.receipt(nameOf(track, texts), take), fileName: `${recording ?? track}.jws`, receipt }];
}

function nameOf(track: TrackName, texts: Texts): string {
  return texts.tracks[track] ?? track;
}
