import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { between } from "../src/events.js";
import { NOTHING, show, step, type Facts, type Report } from "../src/state.js";
import type { RecorderState, TakeState } from "../src/types.js";
import { gap, sitting, take } from "./make.js";

const fold = (...reports: readonly Report[]): Facts => reports.reduce(step, NOTHING);
const see = (...reports: readonly Report[]): RecorderState => show(fold(...reports));

const LOADED: readonly Report[] = [{ kind: "sitting", sitting: sitting() }, { kind: "ready", takes: [] }];
const RUNNING: readonly Report[] = [
  ...LOADED,
  { kind: "live", track: "webcam", lowered: false },
  { kind: "live", track: "screen", lowered: false },
  { kind: "started" },
  { kind: "began", local: "a", track: "webcam", startedAt: 1_000, gap: null },
  { kind: "began", local: "b", track: "screen", startedAt: 1_010, gap: null },
];
const uploads = (...takes: readonly TakeState[]): Report => ({ kind: "uploads", takes, heldBy: "nothing", bytesPerS: null, remainingMs: null });

describe("the way of a sitting", () => {
  it("begins with loading and is ready when server and spool have answered, in any order", () => {
    expect(see().phase).toBe("loading");
    expect(see(...LOADED).phase).toBe("ready");
    expect(see(...[...LOADED].reverse()).phase).toBe("ready");
  });

  it("records, finishes and is finished with the last receipt", () => {
    expect(see(...RUNNING)).toMatchObject({ phase: "recording", mayClose: false, tracks: [{ status: "live" }, { status: "live" }] });
    const stopped = [...RUNNING, { kind: "ended", local: "a" }, { kind: "ended", local: "b" }, { kind: "stopped" }] as const;
    expect(see(...stopped)).toMatchObject({ phase: "finishing", mayClose: false });
    const half = uploads(take({ local: "a", status: "sealed", receipt: "r" }), take({ local: "b", track: "screen", status: "ended" }));
    expect(see(...stopped, half)).toMatchObject({ phase: "finishing", mayClose: false });
    const whole = uploads(take({ local: "a", status: "sealed", receipt: "r" }), take({ local: "b", track: "screen", status: "sealed", receipt: "s" }));
    expect(see(...stopped, half, whole)).toMatchObject({ phase: "finished", mayClose: true, remainingMs: 0, atRiskMs: 0 });
  });

  it("is not finished while a take with bytes can have no receipt", () => {
    const problem = { code: "upload_lost", detail: "…" };
    const failed = uploads(take({ status: "failed", recordedBytes: 10, problem }), take({ local: "b", status: "sealed" }));
    expect(see(...RUNNING, failed, { kind: "stopped" })).toMatchObject({ phase: "refused", problem, mayClose: true });
    const empty = uploads(take({ status: "failed", recordedBytes: 0, problem }), take({ local: "b", status: "sealed" }));
    expect(see(...RUNNING, empty, { kind: "stopped" }).phase).toBe("finished");
  });

  it("after a crash records on or only seals, as the exam wants", () => {
    const left = take({ status: "ended" });
    expect(see({ kind: "sitting", sitting: sitting() }, { kind: "ready", takes: [left] }).phase).toBe("ready");
    const seal = { kind: "sitting", sitting: sitting({ afterCrash: "seal" }) } as const;
    expect(see(seal, { kind: "ready", takes: [left] }).phase).toBe("finishing");
    expect(see(seal, { kind: "ready", takes: [left] }, uploads({ ...left, status: "sealed" })).phase).toBe("finished");
    expect(see(seal, { kind: "ready", takes: [] }).phase).toBe("ready");
  });

  it("waits for another tab and goes on when that is gone", () => {
    expect(see(...LOADED.slice(0, 1), { kind: "elsewhere" }).phase).toBe("elsewhere");
    expect(see(...LOADED.slice(0, 1), { kind: "elsewhere" }, { kind: "ready", takes: [] }).phase).toBe("ready");
  });

  it("is refused until a fresh token solves what an old one caused, and by nothing else", () => {
    const expired = { kind: "refused", problem: { code: "expired", detail: "…" } } as const;
    expect(see(...LOADED, expired).phase).toBe("refused");
    expect(see(...LOADED, expired, { kind: "token" }).phase).toBe("ready");
    const other = { kind: "refused", problem: { code: "forbidden", detail: "…" } } as const;
    expect(see(...LOADED, other, { kind: "token" }).phase).toBe("refused");
  });
});

describe("an interruption", () => {
  const stopped = { kind: "interrupted", track: "screen", local: "b", gap: gap(), canResume: true } as const;

  it("leaves the other track alone and can be ended with one click", () => {
    const state = see(...RUNNING, stopped);
    expect(state.tracks).toMatchObject([
      { track: "webcam", status: "live", canResume: false },
      { track: "screen", status: "interrupted", interruption: "share_stopped", canResume: true },
    ]);
    expect(state.takes[1]?.gaps).toEqual([gap()]);
  });

  it("ends with the next take, at whose beginning the gap closes", () => {
    const closed = gap({ toAt: 9_000 });
    const state = see(
      ...RUNNING,
      stopped,
      { kind: "live", track: "screen", lowered: true },
      { kind: "began", local: "c", track: "screen", startedAt: 9_000, gap: closed },
    );
    expect(state.tracks[1]).toMatchObject({ status: "live", interruption: null, canResume: false, lowered: true });
    expect(state.takes.map(({ local, gaps }) => [local, gaps])).toEqual([["a", []], ["b", []], ["c", [closed]]]);
  });

  it("of an earlier page ends where its next take begins, too", () => {
    const left = [
      take({ local: "x", track: "screen", status: "sealed", gaps: [gap()] }),
      take({ local: "y", track: "screen", status: "ended", startedAt: 9_000, gaps: [gap({ toAt: 9_000 })] }),
    ];
    const { takes } = see({ kind: "sitting", sitting: sitting() }, { kind: "ready", takes: left });
    expect(takes.map(({ gaps }) => gaps)).toEqual([[], [gap({ toAt: 9_000 })]]);
  });

  it("is told as events", () => {
    const before = see(...RUNNING);
    const during = see(...RUNNING, stopped);
    const after = see(...RUNNING, stopped, { kind: "live", track: "screen", lowered: true });
    expect(between(before, during)).toEqual([{ kind: "interrupted", track: "screen", reason: "share_stopped", canResume: true }]);
    expect(between(during, after)).toEqual([{ kind: "resumed", track: "screen" }, { kind: "lowered", track: "screen" }]);
    expect(between(after, after)).toEqual([]);
  });
});

describe("takes", () => {
  it("count what became durable since the worker last counted as at risk", () => {
    const counted = uploads(take({ recordedMs: 4_000, recordedBytes: 40, storedBytes: 20, atRiskMs: 2_000 }));
    const state = see(...RUNNING, counted, { kind: "durable", local: "a", recordedMs: 4_500, recordedBytes: 45 });
    expect(state).toMatchObject({ atRiskMs: 2_500, takes: [{ recordedMs: 4_500, recordedBytes: 45, storedBytes: 20 }, {}] });
  });

  it("of one track are at risk together, those of two tracks beside each other", () => {
    const state = see(
      ...LOADED,
      uploads(
        take({ local: "a", atRiskMs: 3_000 }),
        take({ local: "b", atRiskMs: 2_000 }),
        take({ local: "c", track: "screen", atRiskMs: 4_000 }),
        take({ local: "d", track: "screen", atRiskMs: 9_000, status: "sealed" }),
      ),
    );
    expect(state.atRiskMs).toBe(5_000);
  });

  it("that only the server remembers are shown with their receipts, until the browser's own account turns up", () => {
    const recordings = [{ id: "01A", track: "webcam", take: 1, state: "sealed", receipt: "r" }, { id: "01B", track: "screen", take: 1, state: "open", receipt: null }];
    const known = { kind: "sitting", sitting: sitting({ recordings }) } as const;
    expect(see({ kind: "ready", takes: [] }, known).takes).toMatchObject([{ local: "01A", status: "sealed", receipt: "r", startedAt: null }]);
    const own = take({ local: "a", recording: "01A", status: "sealed" });
    expect(see(known, { kind: "ready", takes: [] }, uploads(own)).takes.map(({ local }) => local)).toEqual(["a"]);
  });

  it("keep what the page knows against a worker that has not heard of it", () => {
    const state = see(...RUNNING, { kind: "ended", local: "a" }, uploads(take({ local: "a", status: "recording", startedAt: 7 })));
    expect(state.takes[0]).toMatchObject({ status: "ended", startedAt: 1_000 });
  });
});

const locals = fc.constantFrom("a", "b", "c", "d");
const tracks = fc.constantFrom("webcam", "screen");
const moments = fc.integer({ min: 0, max: 10_000 });
const problems = fc.record({ code: fc.constantFrom("expired", "forbidden", "camera_busy"), detail: fc.constant("…") });
const gaps = fc.record({ reason: fc.constantFrom("share_stopped", "asleep", "spool_full"), fromAt: moments, toAt: fc.option(moments) });
const someTake: fc.Arbitrary<TakeState> = fc.record({
  local: locals,
  track: tracks,
  take: fc.option(fc.integer({ min: 1, max: 9 })),
  recording: fc.option(fc.constantFrom("01A", "01B")),
  status: fc.constantFrom("recording", "ended", "sealed", "partial", "failed"),
  startedAt: fc.option(moments),
  recordedMs: moments,
  recordedBytes: moments,
  storedBytes: moments,
  atRiskMs: moments,
  gaps: fc.constant([]),
  receipt: fc.option(fc.constant("jws")),
  problem: fc.option(problems),
});
const someTakes = fc.uniqueArray(someTake, { selector: ({ local }) => local, maxLength: 4 });
const someSitting = fc.boolean().map((seal) =>
  sitting({
    afterCrash: seal ? "seal" : "next_take",
    recordings: [{ id: "01A", track: "webcam", take: 1, state: "sealed", receipt: "r" }],
  }),
);
const someReport: fc.Arbitrary<Report> = fc.oneof(
  fc.record({ kind: fc.constant("sitting" as const), sitting: someSitting }),
  fc.record({ kind: fc.constant("ready" as const), takes: someTakes }),
  fc.constant({ kind: "elsewhere" } as const),
  fc.record({ kind: fc.constant("prepared" as const), track: tracks, prepared: fc.boolean() }),
  fc.constantFrom({ kind: "started" } as const, { kind: "stopped" } as const, { kind: "token" } as const),
  fc.record({ kind: fc.constant("live" as const), track: tracks, lowered: fc.boolean() }),
  fc.record({
    kind: fc.constant("began" as const),
    local: locals,
    track: tracks,
    startedAt: moments,
    gap: fc.option(gaps),
  }),
  fc.record({ kind: fc.constant("interrupted" as const), track: tracks, local: fc.option(locals), gap: gaps, canResume: fc.boolean() }),
  fc.record({ kind: fc.constant("ended" as const), local: locals }),
  fc.record({ kind: fc.constant("durable" as const), local: locals, recordedMs: moments, recordedBytes: moments }),
  fc.record({
    kind: fc.constant("uploads" as const),
    takes: someTakes,
    heldBy: fc.constantFrom("nothing", "server", "call", "offline"),
    bytesPerS: fc.option(moments),
    remainingMs: fc.option(moments),
  }),
  fc.record({ kind: fc.constant("room" as const), room: fc.constantFrom("enough", "low", "full") }),
  fc.record({ kind: fc.constant("online" as const), online: fc.boolean() }),
  fc.record({ kind: fc.constant("persisted" as const), persisted: fc.boolean() }),
  fc.record({ kind: fc.constant("trouble" as const), problem: fc.option(problems) }),
  fc.record({ kind: fc.constant("refused" as const), problem: problems }),
);
const history = fc.array(someReport, { maxLength: 40 });
const isFinal = ({ status }: TakeState): boolean => status === "sealed" || status === "partial" || status === "failed";

/** Every state on the way, with the report that led to it. */
function walk(reports: readonly Report[]): readonly { readonly report: Report; readonly before: RecorderState; readonly after: RecorderState }[] {
  let facts = NOTHING;
  return reports.map((report) => {
    const before = show(facts);
    facts = step(facts, report);
    return { report, before, after: show(facts) };
  });
}

describe("after any reports in any order", () => {
  const holds = (claim: (step: ReturnType<typeof walk>[number]) => void): void =>
    fc.assert(fc.property(history, (reports) => walk(reports).forEach(claim)), { numRuns: 500 });

  it("the tab may be closed only when nothing is recorded and every take is at its end", () => {
    holds(({ after }) => {
      if (after.mayClose) expect(after.takes.every(isFinal)).toBe(true);
      if (after.phase === "recording" || after.phase === "finishing") expect(after.mayClose).toBe(false);
      if (after.phase === "finished") expect(after.mayClose).toBe(true);
    });
  });

  it("finished means a receipt for every take that has bytes", () => {
    holds(({ after }) => {
      if (after.phase !== "finished") return;
      for (const { status, recordedBytes } of after.takes) expect(status !== "failed" || recordedBytes === 0).toBe(true);
    });
  });

  it("refused always says why, and only what is interrupted can be resumed", () => {
    holds(({ after }) => {
      if (after.phase === "refused") expect(after.problem === null && !after.takes.some(({ status }) => status === "failed")).toBe(false);
      for (const { status, interruption, canResume } of after.tracks) {
        expect(interruption !== null).toBe(status === "interrupted");
        if (canResume) expect(status).toBe("interrupted");
      }
    });
  });

  it("no take is forgotten, doubled or made shorter, and no receipt is lost", () => {
    holds(({ before, after }) => {
      const locals = after.takes.map(({ local }) => local);
      expect(new Set(locals).size).toBe(locals.length);
      for (const was of before.takes.filter(({ local, recording }) => local !== recording)) {
        const now = after.takes.find(({ local }) => local === was.local);
        expect(now).toBeDefined();
        expect(now?.recordedMs).toBeGreaterThanOrEqual(was.recordedMs);
        expect(now?.storedBytes).toBeGreaterThanOrEqual(was.storedBytes);
        if (was.receipt !== null) expect(now?.receipt).toBe(was.receipt);
      }
    });
  });

  it("only the last take of a track may have a gap that lasts", () => {
    holds(({ after }) => {
      for (const [at, { track, gaps }] of after.takes.entries()) {
        const isLast = !after.takes.slice(at + 1).some((take) => take.track === track);
        if (!isLast) expect(gaps.every(({ toAt }) => toAt !== null)).toBe(true);
      }
    });
  });

  it("events tell exactly of what has changed", () => {
    holds(({ before, after }) => {
      const told = between(before, after);
      expect(told.some(({ kind }) => kind === "phase")).toBe(before.phase !== after.phase);
      for (const event of told) if (event.kind === "sealed") expect(event.take.receipt).not.toBeNull();
    });
  });
});
