/** Writes the manifest that goes with a take: how to read it beside the others. Pure. */

import type { CaptureSettings, ClockOffset, Gap, Manifest } from "../types.js";

/** What a take knows of itself. */
export interface TakeNotes {
  /** When its first frame was taken, by the server's clock. */
  readonly startedAt: number;
  readonly clock: ClockOffset;
  readonly contentType: string;
  readonly capture: CaptureSettings;
  /** What the source gives in fact, where the browser says it. */
  readonly source: MediaTrackSettings;
  /** The gap before it. */
  readonly before: Gap | null;
  /** The gap that ended it; `null` while it is recorded, and when it was ended on purpose. */
  readonly after: Gap | null;
  /** The recording that it continues, where the server has named it already. */
  readonly continues: string | null;
  /** Why it ended; while it is recorded, what a crash would make of it. */
  readonly ended: Manifest["ended"];
}

/** The manifest of these notes. */
export function manifest(notes: TakeNotes): Manifest {
  const { startedAt, clock, before, after, continues, ended } = notes;
  return {
    version: 1,
    started_at: new Date(Math.round(startedAt)).toISOString(),
    clock: { offset_ms: Math.round(clock.offsetMs), uncertainty_ms: Math.ceil(clock.uncertaintyMs) },
    gaps: [before, after].flatMap((gap) => (gap ? [gapFrom(startedAt, gap)] : [])),
    capture: captureOf(notes),
    ...(continues === null ? {} : { continues }),
    ended,
  };
}

function gapFrom(startedAt: number, { reason, fromAt, toAt }: Gap): Manifest["gaps"][number] {
  const from_ms = Math.round(fromAt - startedAt);
  return toAt === null ? { reason, from_ms } : { reason, from_ms, to_ms: Math.round(toAt - startedAt) };
}

function captureOf({ contentType, capture, source }: TakeNotes): Manifest["capture"] {
  const { width, height, frameRate, displaySurface } = source;
  return {
    mime_type: contentType,
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(frameRate === undefined ? {} : { frame_rate: frameRate }),
    video_bits_per_second: capture.videoBitsPerSecond,
    ...(capture.audioBitsPerSecond === null ? {} : { audio_bits_per_second: capture.audioBitsPerSecond }),
    ...(displaySurface === undefined ? {} : { display_surface: displaySurface }),
  };
}
