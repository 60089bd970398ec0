/** The words of every language: all there, in the right script, and chosen as the candidate reads. */

import { expect, test } from "vitest";

import { chooseLanguage, problemText, TEXTS, trackText } from "../../src/record/texts/index.js";

const HANGUL = /\p{Script=Hangul}/u;

/** Every sentence with its place; functions are called with a figure for each thing they are told. */
function sentences(value: unknown, place: string): [string, string][] {
  if (typeof value === "string") return [[place, value]];
  if (typeof value === "function") return sentences(value(...Array<number>(value.length).fill(2)), `${place}()`);
  return Object.entries(value as object).flatMap(([key, inner]) => sentences(inner, `${place}.${key}`));
}

test("both languages say the same things", () => {
  const [english, korean] = [sentences(TEXTS.en, ""), sentences(TEXTS.ko, "")];
  expect(english.length).toBeGreaterThan(150);
  expect(korean.map(([place]) => place)).toEqual(english.map(([place]) => place));
});

test.each([
  ["en", false],
  ["ko", true],
] as const)("%s is written in its own script", (language, isHangul) => {
  const foreign = sentences(TEXTS[language], "").filter(([, text]) => HANGUL.test(text) !== isHangul);
  expect(foreign).toEqual([]);
});

test("no sentence is empty or has a loose end", () => {
  const bad = Object.values(TEXTS).flatMap((texts) => sentences(texts, "").filter(([, text]) => text.trim() !== text || !text));
  expect(bad).toEqual([]);
});

test("a remembered language wins, then the browser's first that the page speaks, then English", () => {
  expect(chooseLanguage("en", ["ko-KR"])).toBe("en");
  expect(chooseLanguage(null, ["fr-FR", "ko-KR", "en-US"])).toBe("ko");
  expect(chooseLanguage(null, ["EN-gb", "ko"])).toBe("en");
  expect(chooseLanguage("xx", ["fr"])).toBe("en");
  expect(chooseLanguage(null, ["kok-IN"])).toBe("en");
});

test("codes from outside never reach what objects inherit", () => {
  expect(problemText(TEXTS.en, "toString")).toBe(TEXTS.en.problem.other);
  expect(trackText(TEXTS.en, "constructor")).toBe("constructor");
  expect(trackText(TEXTS.ko, "screen")).toBe("화면");
});
