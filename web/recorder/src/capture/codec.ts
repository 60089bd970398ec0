/** Chooses what a track is encoded as. Pure: the browser is told by what it supports and by its engine's name. */

/** The engines whose encoders differ. */
export type Engine = "chromium" | "firefox" | "webkit";

/**
 * Whether the best picture per bit is wanted, or the least work for a weak machine.
 *
 * @example
 * ```ts
 * const effort: Effort = navigator.hardwareConcurrency <= 2 ? "light" : "normal";
 * const fitting = createRecorder({ server, token, effort });
 * ```
 */
export type Effort = "normal" | "light";

/**
 * Video codecs by engine, best first. Chromium's VP8 costs four times as much as its VP9 and drops frames (its threads
 * spin when they wait), so it comes last there; it is the only one that Firefox's recorder has. H.264 costs a third less
 * than VP9 and looks worse on text.
 */
const VIDEO: Record<Engine, Record<Effort, readonly string[]>> = {
  chromium: { normal: ["vp9", "av1", "h264", "vp8"], light: ["h264", "vp9", "av1", "vp8"] },
  firefox: { normal: ["vp8", "vp9"], light: ["vp8", "vp9"] },
  webkit: { normal: ["vp9", "vp8", "h264"], light: ["h264", "vp9", "vp8"] },
};

/** The engine behind a user agent string. Every browser on iOS is WebKit; all but Firefox and Safari are Chromium. */
export function engineOf(userAgent: string): Engine {
  if (/Firefox\//.test(userAgent)) return "firefox";
  if (/Chrom(e|ium)\//.test(userAgent)) return "chromium";
  return /AppleWebKit\//.test(userAgent) ? "webkit" : "chromium";
}

/** Every content type worth asking for, best first. */
export function contentTypes(engine: Engine, effort: Effort, withSound: boolean): readonly string[] {
  const webm = VIDEO[engine][effort].map((codec) => `video/webm;codecs=${codec}${withSound ? ",opus" : ""}`);
  // Safari had no WebM before 18.4. Elsewhere MP4 is the last resort: its recorder is the youngest.
  const mp4 = [`video/mp4;codecs=avc1.42E01E${withSound ? ",mp4a.40.2" : ""}`, "video/mp4"];
  return [...webm, "video/webm", ...mp4];
}

/** The first of these that the browser can record; `null` when it can record none. */
export function choose(types: readonly string[], isSupported: (type: string) => boolean): string | null {
  return types.find((type) => isSupported(type)) ?? null;
}
