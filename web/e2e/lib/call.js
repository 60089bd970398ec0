// What a call was like between two of its samples; see called.js.

import { quantile } from "./results.js";

/**
 * The call as the other side had it.
 * @returns {{ bitsPerS: number, lost: number, jitterMs: number, bufferMs: number, uploaded: number }} medians over the seconds;
 *   `lost` the share of packets from the first sample to the last, `uploaded` bytes of the recording in that time
 */
export function summary(samples) {
  const [first, last] = [samples[0], samples.at(-1)];
  const steps = samples.slice(1).map((sample, index) => [samples[index], sample]);
  const bits = steps.map(([one, two]) => (two.bytesReceived - one.bytesReceived) * 8);
  const buffers = steps.map(([one, two]) => {
    const shown = two.jitterBufferEmittedCount - one.jitterBufferEmittedCount;
    return (1_000 * (two.jitterBufferDelay - one.jitterBufferDelay)) / Math.max(1, shown);
  });
  const [lost, received] = [last.packetsLost - first.packetsLost, last.packetsReceived - first.packetsReceived];
  return {
    bitsPerS: quantile(bits, 0.5),
    lost: lost / Math.max(1, lost + received),
    jitterMs: quantile(samples.map(({ jitter }) => jitter * 1_000), 0.5),
    bufferMs: quantile(buffers, 0.5),
    uploaded: last.uploaded - first.uploaded,
  };
}
