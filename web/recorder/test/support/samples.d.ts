/** The files in `samples/container`, read with Node; typed here by hand so that Node's types stay out of browser code. */

/** The names of the recorded WebM and Matroska files, in order. */
export const matroska: readonly string[];
/** The name of a recorded MP4. */
export const mp4: string;
/** The bytes of a sample. */
export function sample(name: string): Uint8Array;
/** What `vectors.json` says. */
export function vectors(): Record<string, Vector>;
/** Writes `vectors.json` anew if the environment asks for it (`HANDIN_UPDATE_VECTORS`). */
export function updateVectors(made: Record<string, Vector>): void;

/** What a sample must become; the Rust twin reads the same. */
export interface Vector {
  /** Where the first cluster begins in the sample. */
  cluster: number;
  /** The head with its room, in hex, without the zeros at its end. */
  open: string;
  /** Bytes of the head, zeros included. */
  head_size: number;
  duration_ms: number;
  /** Time in milliseconds and place of each point. */
  points: [number, number][];
  /** The finished head, in hex, without the zeros at its end. */
  finished: string;
}

/** What ffprobe says about a file; throws if it complains. */
export interface Probe {
  durationS: number;
  formatName: string;
  packets: { stream: number; type: string; ptsS: number; isKey: boolean }[];
}
/** Reads a file with ffprobe. */
export function probe(bytes: Uint8Array): Probe;
/** The MD5 of every packet and its times, as ffmpeg reads them without decoding. */
export function packetHashes(bytes: Uint8Array): string;
/** Decodes a file to nothing and answers what ffmpeg complained about, and how many frames of video came out. */
export function decode(bytes: Uint8Array): { complaints: string; frames: number };
