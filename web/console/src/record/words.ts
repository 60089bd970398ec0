/** Notices and headings in words. Pure; every sentence itself stands in `texts/`. */

import { duration, type Language, moment } from "./format.js";
import type { Model } from "./model.js";
import type { Notice } from "./notices.js";
import type { RecorderState, Sitting } from "./recorder.js";
import { screenOf } from "./screen.js";
import { problemText, type Texts, trackText } from "./texts/index.js";

/** A notice's headline. */
export function noticeTitle(notice: Notice, texts: Texts): string {
  switch (notice.kind) {
    case "interrupted":
      return texts.notice.interrupted(trackText(texts, notice.track));
    case "lowered":
      return texts.notice.lowered(notice.tracks.map((track) => trackText(texts, track)).join(", "));
    case "bell_soon":
      return texts.notice.bell_soon(notice.minutes);
    default:
      return texts.notice[notice.kind];
  }
}

/** What a notice says beneath its headline. */
export function noticeBody(notice: Notice, model: Model, texts: Texts, language: Language): string {
  switch (notice.kind) {
    case "interrupted": {
      const hint = notice.reason === "device_unplugged" && !notice.canResume ? ` ${texts.notice.comesBack}` : "";
      return texts.notice.reason[notice.reason] + hint;
    }
    case "problem":
      return problemText(texts, notice.code);
    case "recovering":
      return texts.notice.recoveringBody(duration(notice.ms, language));
    case "recovered":
      return texts.notice.recoveredBody(duration(notice.ms, language));
    case "bell_soon":
      return texts.notice.bell_soonBody(bellTime(model, language) ?? "");
    default:
      return texts.notice[`${notice.kind}Body`];
  }
}

/** When the exam ends, in words; `null` when it has no end. */
export function bellTime({ recorder, now }: Model, language: Language): string | null {
  const bell = recorder?.sitting?.bellAt ?? null;
  return bell === null ? null : moment(bell, now, language);
}

/** What the browser's tab says, so that a candidate who works in another one sees it. */
export function tabTitle(model: Model, texts: Texts): string {
  const name = model.recorder?.sitting?.exam.title ?? texts.page;
  const mark = tabMark(model, texts);
  return mark === null ? name : `${mark} · ${name}`;
}

function tabMark(model: Model, texts: Texts): string | null {
  const screen = screenOf(model);
  if (screen === "recording" && model.recorder && isInterrupted(model.recorder)) return texts.tab.interrupted;
  return screen === "recording" || screen === "finishing" || screen === "finished" ? texts.tab[screen] : null;
}

/** Whether a track that should be recorded is not. */
export function isInterrupted({ tracks }: RecorderState): boolean {
  return tracks.some(({ status }) => status === "interrupted");
}

/** What is recorded of each track, one line each. */
export function recordedOf({ tracks }: Sitting, texts: Texts): string[] {
  return tracks.map(({ track, capture }) => {
    const sound = capture.audioBitsPerSecond !== null;
    if (track === "webcam") return texts.consent.webcam(sound);
    return track === "screen" ? texts.consent.screen(capture.wholeMonitor, sound) : texts.consent.other(track);
  });
}

/** Whether the candidate has to share the whole screen. */
export function wholeMonitorOf({ tracks }: Sitting): boolean {
  return tracks.some(({ track, capture }) => track === "screen" && capture.wholeMonitor);
}

/** The platform's own words, in the candidate's language or else in the first that there is. */
export function noticeFor({ notice }: Sitting, language: Language): { readonly language: string; readonly text: string } | null {
  const there = Object.keys(notice);
  const best = there.find((tag) => tag.split("-")[0] === language) ?? there.find((tag) => tag.startsWith("en")) ?? there[0];
  const text = best === undefined ? undefined : notice[best];
  return best === undefined || !text ? null : { language: best, text };
}

/** How long the rest takes, and never a figure that nobody can stand by. */
export function remainingWords(recorder: RecorderState, share: number, texts: Texts, about: (ms: number) => string): string {
  const words = texts.finishing;
  if (!recorder.online || recorder.heldBy === "offline") return words.offline;
  if (share >= 1) return words.sealing;
  return recorder.remainingMs === null ? words.remainingUnknown : words.remaining(about(recorder.remainingMs));
}
