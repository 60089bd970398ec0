/** Which screen is shown when, and what is said about it. */

import { expect, test } from "vitest";

import { announce } from "../../src/record/announce.js";
import { figuresOf, isWhole } from "../../src/record/figures.js";
import type { Model } from "../../src/record/model.js";
import { keyOf, noticesOf, toneOf } from "../../src/record/notices.js";
import { receiptsOf } from "../../src/record/receipts.js";
import { screenOf, stepOf } from "../../src/record/screen.js";
import { TEXTS } from "../../src/record/texts/index.js";
import { noticeFor, noticeTitle, remainingWords, tabTitle } from "../../src/record/words.js";
import { fresh, MINUTE, model, NOW, recorder, SITTING, take, track } from "../fixtures/build.js";
import { STATES } from "../fixtures/states.js";

const kinds = (of: Model) => noticesOf(of).map(({ kind }) => kind);
const state = (name: string): Model => {
  const found = STATES[name];
  if (!found) throw new Error(`there is no fixture ${name}`);
  return found;
};

test("every fixture stands on the screen that its name says", () => {
  const shown = Object.fromEntries(Object.entries(STATES).map(([name, each]) => [name, screenOf(each)]));
  expect(shown).toMatchInlineSnapshot(`
    {
      "bell-now": "recording",
      "bell-soon": "recording",
      "camera-gone": "recording",
      "check": "check",
      "check-not-ready": "check",
      "check-ready": "check",
      "check-running": "check",
      "check-warning": "check",
      "consent": "consent",
      "consent-open": "consent",
      "elsewhere": "elsewhere",
      "finished": "finished",
      "finished-failed": "finished",
      "finished-missing": "finished",
      "finished-partial": "finished",
      "finished-takes": "finished",
      "finishing": "finishing",
      "finishing-bell": "finishing",
      "finishing-offline": "finishing",
      "finishing-sealing": "finishing",
      "held-by-call": "recording",
      "held-by-server": "recording",
      "link-expired": "link_expired",
      "link-missing": "link_missing",
      "loading": "loading",
      "loading-unreachable": "loading",
      "offline": "recording",
      "over": "over",
      "ready": "ready",
      "ready-asking": "ready",
      "ready-crashed": "ready",
      "ready-left": "finished",
      "ready-problem": "ready",
      "ready-recovered": "ready",
      "recording": "recording",
      "recording-open": "recording",
      "recording-recovered": "recording",
      "recording-recovering": "recording",
      "refused": "refused",
      "share-stopped": "recording",
      "storage-full": "recording",
      "storage-low": "recording",
    }
  `);
});

test("the fixtures show every screen, and each screen of the way has its step", () => {
  expect(new Set(Object.values(STATES).map(screenOf)).size).toBe(12);
  expect(["consent", "check", "ready", "recording", "finishing", "finished"].map((screen) => stepOf(screen as never))).toEqual([
    "consent", "check", "record", "record", "done", "done",
  ]);
  expect(stepOf("elsewhere")).toBeNull();
});

test("who has recorded before goes on without consent and check, unless a check is wanted", () => {
  const back = model({ agreed: false, check: "due", recorder: fresh({ takes: [take("webcam", { status: "ended" })] }) });
  expect(screenOf(back)).toBe("ready");
  expect(screenOf({ ...back, check: "again" })).toBe("check");
});

test("after the bell nothing can be started, and what was left is finished", () => {
  const late = { now: NOW + 84 * MINUTE };
  expect(screenOf(model({ ...late, recorder: fresh() }))).toBe("over");
  expect(screenOf(model({ ...late, recorder: fresh({ takes: [take("webcam", { status: "ended" })] }) }))).toBe("finishing");
  expect(screenOf(model({ ...late, recorder: fresh({ takes: [take("webcam", { status: "sealed" })] }) }))).toBe("finished");
});

test("the most urgent notice comes first", () => {
  const worst = model({
    now: NOW + 82 * MINUTE + 30_000,
    recorder: recorder({
      online: false,
      heldBy: "offline",
      storage: { room: "full", persisted: false },
      tracks: [track("webcam", { lowered: true }), track("screen", { status: "interrupted", interruption: "share_stopped", canResume: true })],
      problem: { code: "screen_denied", detail: "" },
    }),
  });
  expect(kinds(worst)).toEqual(["interrupted", "storage_full", "lowered", "bell_soon", "offline"]);
  expect(noticesOf(worst).map(toneOf)).toEqual(["alarm", "alarm", "warn", "warn", "warn"]);
});

test("the bell is announced at ten, five and one minute, each once", () => {
  const left = (minutes: number) => noticesOf(model({ now: NOW + 83 * MINUTE - minutes * MINUTE })).map(keyOf);
  expect([11, 10, 6, 5, 1.5, 1, 0.1, 0].map(left)).toEqual([
    [], ["bell_soon:10"], ["bell_soon:10"], ["bell_soon:5"], ["bell_soon:5"], ["bell_soon:1"], ["bell_soon:1"], [],
  ]);
});

test("what an earlier page left is told once, as long as its longest track, until it is safe", () => {
  expect(noticesOf(state("ready-crashed"))).toEqual([{ kind: "recovering", ms: 12 * MINUTE + 34_000 }]);
  expect(kinds(state("ready-recovered"))).toEqual(["recovered"]);
  expect(kinds(state("recording-recovering"))).toEqual(["recovering"]);
  expect(kinds(state("recording-recovered"))).toEqual([]);
});

test("figures add up over takes, and a head that is sent twice never makes more than all", () => {
  const figures = figuresOf([
    take("webcam", { recordedMs: 10_000, atRiskMs: 0, recordedBytes: 100, storedBytes: 130 }),
    take("webcam", { recordedMs: 5_000, atRiskMs: 2_000, recordedBytes: 50, storedBytes: 20 }),
  ]);
  expect(figures).toMatchObject({ recordedMs: 15_000, atRiskMs: 2_000, confirmedMs: 13_000, recordedBytes: 150, storedBytes: 120, share: 0.8 });
  expect(figuresOf([]).share).toBe(0);
});

test("one take that arrived twice does not hide what another still lacks", () => {
  const twice = take("webcam", { recordedBytes: 100, storedBytes: 200 });
  const missing = take("screen", { recordedBytes: 100, storedBytes: 0 });
  expect(figuresOf([twice, missing]).share).toBe(0.5);
});

test("only changes are said: figures are silent, and good news is polite", () => {
  const titles = (before: string, after: string) =>
    announce(state(before), state(after), TEXTS.en, (notice) => noticeTitle(notice, TEXTS.en));
  expect(titles("recording", "share-stopped")).toEqual({ assertive: ["Screen: not being recorded"], polite: [] });
  expect(titles("share-stopped", "recording")).toEqual({ assertive: [], polite: ["Screen is being recorded again."] });
  expect(titles("offline", "recording").polite).toEqual([TEXTS.en.said.online]);
  expect(titles("recording-recovering", "recording-recovered").polite).toEqual([TEXTS.en.notice.recovered]);
  expect(titles("ready", "recording").polite).toEqual([TEXTS.en.said.started]);
  expect(titles("recording", "recording-open")).toEqual({ assertive: [], polite: [] });
});

test("the tab says whether it records, also to who works in another one", () => {
  const title = (name: string) => tabTitle(state(name), TEXTS.en).split(" · ")[0];
  expect(["recording", "share-stopped", "finishing", "finished"].map(title)).toEqual([
    "● Recording", "⚠ Not recording", "Handing in", "✓ Handed in",
  ]);
});

test("the platform's notice is shown in the candidate's language, else in English, else in what there is", () => {
  const of = (notice: Record<string, string>) => noticeFor({ ...SITTING, notice }, "ko");
  expect(of({ en: "a", "ko-KR": "b" })).toEqual({ language: "ko-KR", text: "b" });
  expect(of({ ja: "c", en: "a" })).toEqual({ language: "en", text: "a" });
  expect(of({ ja: "c" })).toEqual({ language: "ja", text: "c" });
  expect(of({})).toBeNull();
});

test("no remaining time is shown that nobody can stand by", () => {
  const words = (change: Parameters<typeof recorder>[0], share: number) => remainingWords(recorder(change), share, TEXTS.en, () => "5 s");
  expect(words({ remainingMs: null }, 0.5)).toBe(TEXTS.en.finishing.remainingUnknown);
  expect(words({ remainingMs: 5000 }, 0.5)).toBe("About 5 s to go.");
  expect(words({ remainingMs: 0 }, 1)).toBe(TEXTS.en.finishing.sealing);
  expect(words({ online: false, remainingMs: 5000 }, 0.5)).toBe(TEXTS.en.finishing.offline);
});

test("a track of which nothing was recorded is missing, however well the others arrived", () => {
  const whole = (name: string) => {
    const { recorder } = state(name);
    return recorder !== null && isWhole(recorder);
  };
  expect(["finished", "finished-takes", "finished-missing", "finished-partial", "finished-failed"].map(whole)).toEqual([
    true, true, false, false, false,
  ]);
});

test("receipts stand one on each line", () => {
  const takes = [take("webcam", { receipt: "a.b.c" }), take("screen"), take("screen", { receipt: "d.e.f" })];
  expect(receiptsOf(recorder({ takes }))).toBe("a.b.c\nd.e.f\n");
});
