/** Lengths, sizes and moments as candidates read them. */

import { expect, test } from "vitest";

import { about, clock, duration, machineClock, megabytes, moment, percent, rate, row } from "../../src/record/format.js";

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;

test("a length names its two largest units", () => {
  expect([0, 8.4 * S, 59.6 * S, 12 * MIN + 34 * S, 2 * H + 59 * S].map((ms) => duration(ms, "en"))).toEqual([
    "0 s", "8 s", "1 min 0 s", "12 min 34 s", "2 h 0 min",
  ]);
  expect(duration(H + 5 * MIN, "ko")).toBe("1시간 5분");
  expect(duration(-5, "ko")).toBe("0초");
});

test("an estimate is rounded up and never to nothing", () => {
  expect([0, 3 * S, 17 * S, 41 * S, 95 * S, 120 * S, 11 * MIN + S, 3 * H].map((ms) => about(ms, "en"))).toEqual([
    "5 s", "5 s", "20 s", "50 s", "2 min", "2 min", "12 min", "3 h 0 min",
  ]);
  expect(about(95 * S, "ko")).toBe("2분");
});

test("the countdown shows its last second until it is over", () => {
  expect([H + 2 * MIN + 3 * S, 61 * S, 1, 0, -5000].map(clock)).toEqual(["1:02:03", "01:01", "00:01", "00:00", "00:00"]);
  expect(machineClock(H + 2 * MIN + 3 * S)).toBe("PT1H2M3S");
});

test("sizes and rates have the digits that mean something", () => {
  expect([0, 1_234_567, 99_960_000, 421e6].map((bytes) => megabytes(bytes, "en"))).toEqual(["0.0 MB", "1.2 MB", "100.0 MB", "421 MB"]);
  expect(rate(95_000, "ko")).toBe("0.8 Mbit/s");
});

test("only the whole is 100 %", () => {
  expect([0, 0.999, 1].map((share) => percent(share, "en"))).toEqual(["0%", "99%", "100%"]);
});

test("a moment names its day only when it is far away", () => {
  const now = Date.UTC(2030, 0, 10, 14, 30);
  const shown = (hours: number) => moment(now + hours * H, now, "en", "Asia/Seoul").replace(/\s/g, " ");
  expect([0.5, 1, 24].map(shown)).toEqual(["12:00 AM", "12:30 AM", "Jan 11, 2030, 11:30 PM"]);
  expect(moment(now, now, "ko", "Asia/Seoul")).toMatch(/11:30$/);
});

test("words stand in a row as the language wants it", () => {
  expect(row(["a", "b", "c"], "en")).toBe("a, b, and c");
  expect(row(["웹캠", "화면"], "ko")).toBe("웹캠 및 화면");
});
