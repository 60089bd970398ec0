/** The files in `samples/container`, read with Node; typed here by hand so that Node's types stay out of browser code. */

/** The names of the recorded WebM and Matroska files, in order. */
export const matroska: readonly string[];
/** The name of a recorded MP4. */
export const mp4: string;
/** The bytes of a sample. */
export function sample(name: string): Uint8Array;
/** What `vectors.json` says. */
export function vectors(): Vectors;
/** Writes `vectors.json` anew if the environment asks for it (`HANDIN_UPDATE_VECTORS`). */
export function updateVectors(made: Vectors): void;
/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string;
/** Bytes in hex. */
export function toHex(bytes: Uint8Array): string;

/** What the rewriter makes of each sample, and what becomes of some heads; the Rust twin reads the same. */
export interface Vectors {
  files: Record<string, FileVector>;
  heads: Record<string, HeadVector>;
  broken: Record<string, BrokenVector[]>;
}
export interface FileVector {
  /** Where the first cluster begins in the sample. */
  cluster: number;
  /** The head with its room, in hex, without the zeros at its end. */
  open: string;
  /** Bytes of the head, zeros included. */
  head_size: number;
  duration_ms: number;
  /** Time in milliseconds and place of each point. */
  points: [number, number][];
  finished_sha256: string;
}
/** A head on which `count` points are written: the nth at `n * step_ms`, in the byte `first + n * step_bytes`. */
export interface HeadVector {
  open: string;
  head_size: number;
  duration_ms: number;
  points: { count: number; step_ms: number; first: number; step_bytes: number };
  finished_sha256: string;
}

/** What is still found in a sample after bytes in it were changed, as `seed` wants it. */
export interface BrokenVector {
  seed: number;
  points: number;
  last_offset: number;
  duration_ms: number;
}

/** What ffprobe says about a file. */
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
