/** Lengths, sizes and moments in the candidate's language. Pure. */

/** The languages of the page, as BCP 47 names them. */
export const LANGUAGES = ["en", "ko"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The words of a length, which differ too much between languages for the platform's formatters. */
const UNITS: Record<Language, { readonly h: string; readonly min: string; readonly s: string }> = {
  en: { h: " h", min: " min", s: " s" },
  ko: { h: "시간", min: "분", s: "초" },
};

/** A length in words, in its two largest units: `1 h 5 min`, `12 min 30 s`, `8 s`. */
export function duration(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units = UNITS[language];
  const [h, min, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h}${units.h} ${min}${units.min}`;
  return min > 0 ? `${min}${units.min} ${s}${units.s}` : `${s}${units.s}`;
}

/** A length that is only an estimate, rounded up to what can honestly be said: 5 s, 10 s, half a minute, minutes. */
export function about(ms: number, language: Language): string {
  const seconds = ms / 1000;
  const step = seconds <= 20 ? 5 : seconds <= 90 ? 10 : seconds <= 600 ? 30 : 60;
  const whole = Math.max(1, Math.ceil(seconds / step)) * step;
  const units = UNITS[language];
  if (whole < 60 || whole % 60 !== 0 || whole >= 3600) return duration(whole * 1000, language);
  return `${whole / 60}${units.min}`;
}

/** A running clock: `1:02:03`, `02:03`; the last second is shown until it is over. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [h, min, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(min)}:${two(s)}` : `${two(min)}:${two(s)}`;
}

/** A clock as ISO 8601 writes lengths, for machines that read the page: `PT1H2M3S`. */
export function machineClock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `PT${Math.floor(seconds / 3600)}H${Math.floor(seconds / 60) % 60}M${seconds % 60}S`;
}

/** A size in MB (10⁶ bytes), one digit after the point below 100 MB. */
export function megabytes(bytes: number, language: Language): string {
  const digits = bytes < 1e8 ? 1 : 0;
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${format.format(bytes / 1e6)} MB`;
}

/** A rate in Mbit/s. */
export function rate(bytesPerSecond: number, language: Language): string {
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format((bytesPerSecond * 8) / 1e6)} Mbit/s`;
}

/** A share of all, in whole percent; only the whole is 100 %. */
export function percent(share: number, language: Language): string {
  const whole = share >= 1 ? 100 : Math.min(99, Math.floor(share * 100));
  return new Intl.NumberFormat(language, { style: "percent" }).format(whole / 100);
}

/** An exam that ends this soon ends today or tonight, whatever the calendar says at midnight. */
const TODAY_MS = 12 * 60 * 60 * 1000;

/** The time of day where the candidate is; with the date when that is half a day or more from `now`. */
export function moment(at: number, now: number, language: Language, timeZone?: string): string {
  const date = Math.abs(at - now) < TODAY_MS ? {} : ({ dateStyle: "medium" } as const);
  const zone = timeZone === undefined ? {} : { timeZone };
  return new Intl.DateTimeFormat(language, { ...date, timeStyle: "short", ...zone }).format(at);
}

/** Words in a row: `a, b and c`. */
export function row(words: readonly string[], language: Language): string {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(words);
}
