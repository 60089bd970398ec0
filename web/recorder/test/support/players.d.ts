/** Plays files in a real browser; typed here by hand so that Node's types stay out of browser code. */

/** A file to play, and the seconds to seek to, in that order. */
export interface Playable {
  readonly bytes: Uint8Array;
  readonly seeks: readonly number[];
}

/** What a browser made of a file. */
export interface Played {
  /** What `video.duration` said once a first frame was there, in seconds; `null` for infinity. */
  duration: number | null;
  /** Where `video.currentTime` stood after each seek, in seconds; `null` where it did not end in ten seconds. */
  seeks: (number | null)[];
  /** How many bytes of the file went over the line. */
  sent: number;
}

/** Browsers of this machine that can be run, by name. */
export const browsers: Readonly<Record<string, string>>;
/** Loads each file in the browser and seeks in it. */
export function play(executable: string, files: Readonly<Record<string, Playable>>): Promise<Record<string, Played>>;
