/** The page's words by language, and which language a candidate reads. */

import type { ProblemCode } from "@handin/recorder/problems.js";

import { LANGUAGES, type Language } from "../format.js";
import { en } from "./en.js";
import { ko } from "./ko.js";

/** What every language must say, among it a word for each problem of the recorder's own list. */
export type Texts = typeof en & { readonly problem: Readonly<Record<ProblemCode, string>> };

/** The words of a language. */
export const TEXTS: Record<Language, Texts> = { en, ko };

/** The remembered language, else the first of the browser's that the page speaks, else English. */
export function chooseLanguage(remembered: string | null, browser: readonly string[]): Language {
  const wanted = remembered === null ? browser : [remembered, ...browser];
  for (const tag of wanted) {
    const spoken = LANGUAGES.find((language) => language === tag.toLowerCase().split("-")[0]);
    if (spoken) return spoken;
  }
  return "en";
}

/** A track as the candidate knows it; one that the page has no word for keeps the exam's name. */
export const trackText = (texts: Texts, track: string): string => listed(texts.track, track) ?? track;

/** What a problem's code means for the candidate. */
export const problemText = (texts: Texts, code: string): string => listed(texts.problem, code) ?? texts.problem.other;

/** Codes come from outside: only what the table itself holds counts, not what every object inherits. */
function listed(table: Readonly<Record<string, string>>, code: string): string | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}
