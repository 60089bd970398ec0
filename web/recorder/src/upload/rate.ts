/** How fast this line is, from the parts that went over it last. Pure. */

/** A part on its way, in milliseconds and bytes. */
export interface Sample {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** How many parts are remembered: enough to smooth, few enough to notice a change of line. */
const REMEMBERED = 6;
/** Smaller ones measure the round trip rather than the line. */
const SMALLEST = 256 * 1024;

/** The samples with one more. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  return sample.bytes < SMALLEST ? samples : [...samples, sample].slice(-REMEMBERED);
}

/** Bytes a second while something was on its way, all parts together; `null` before the first. */
export function bytesPerS(samples: readonly Sample[]): number | null {
  const bytes = samples.reduce((sum, sample) => sum + sample.bytes, 0);
  const ms = busyMs(samples);
  // A store on the same machine can be faster than the clock's tick.
  return bytes === 0 ? null : (bytes / Math.max(ms, 1)) * 1000;
}

/** Milliseconds in which at least one part was on its way: parts that overlap share the line. */
function busyMs(samples: readonly Sample[]): number {
  const byStart = [...samples].sort((a, b) => a.from - b.from);
  let [busy, until] = [0, -Infinity];
  for (const { from, to } of byStart) {
    busy += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return busy;
}
